//! The HTTP service: register a user, read users
