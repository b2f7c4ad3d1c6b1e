//! The gRPC service that stores users
