//! A logging facade with go-zero's vocabulary, pluggable writers and unbreakable JSON lines
