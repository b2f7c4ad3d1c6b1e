//! slog behind logx and logx behind slog
