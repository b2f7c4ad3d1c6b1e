//! tracing behind logx and logx behind tracing
