//! The gRPC service that grants points
