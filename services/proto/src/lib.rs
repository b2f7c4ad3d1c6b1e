//! user.proto, score.proto and the code generated from them
