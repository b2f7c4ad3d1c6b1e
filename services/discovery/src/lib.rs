//! Target strings and service discovery
