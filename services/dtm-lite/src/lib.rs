//! The saga coordinator as a program of its own
