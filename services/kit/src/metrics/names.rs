//! go-zero's metric names, labels and buckets, and nothing else.

/// Histogram of HTTP requests by path, method and code, in whole milliseconds.
pub const HTTP_SERVER_DURATION: &str = "http_server_requests_duration_ms";
/// Counter of HTTP requests by path, method and code.
pub const HTTP_SERVER_CODE: &str = "http_server_requests_code_total";
/// Histogram of gRPC calls served by method, in whole milliseconds.
pub const RPC_SERVER_DURATION: &str = "rpc_server_requests_duration_ms";
/// Counter of gRPC calls served by method and code.
pub const RPC_SERVER_CODE: &str = "rpc_server_requests_code_total";
/// Histogram of gRPC calls made by method, in whole milliseconds.
pub const RPC_CLIENT_DURATION: &str = "rpc_client_requests_duration_ms";
/// Counter of gRPC calls made by method and code.
pub const RPC_CLIENT_CODE: &str = "rpc_client_requests_code_total";
/// Histogram of SQL statements by command, in milliseconds with fractions.
pub const SQL_CLIENT_DURATION: &str = "sql_client_requests_duration_ms";
/// Counter of failed SQL statements by command and error.
pub const SQL_CLIENT_ERROR: &str = "sql_client_requests_error_total";
/// Counter of slow SQL statements by command.
pub const SQL_CLIENT_SLOW: &str = "sql_client_requests_slow_total";
/// Counter of spans that did not reach their collector. Ours, not go-zero's.
pub const TRACE_EXPORT_FAILURES: &str = "trace_export_failures_total";

/// Counter of log lines by kind. The `log_*` families are ours as well.
pub const LOG_LINES: &str = "log_lines_total";
/// Counter of bytes that logx's own sinks took.
pub const LOG_BYTES: &str = "log_bytes_total";
/// Counter of lines lost.
pub const LOG_DROPPED: &str = "log_dropped_total";
/// Counter of lines for which a writer reported an error.
pub const LOG_ERRORS: &str = "log_write_errors_total";
/// Counter of caught panics.
pub const LOG_PANICS: &str = "log_panics_total";

/// The kind of a line: `info`, `error`, ...
pub const KIND: &str = "kind";
/// Labels of both HTTP families.
pub const HTTP_LABELS: [&str; 3] = ["path", "method", "code"];
/// Labels of the rpc and sql families.
pub const METHOD: &str = "method";
/// Decimal code.
pub const CODE: &str = "code";
/// `exec`, `query`.
pub const COMMAND: &str = "command";
/// What went wrong, one of a few words.
pub const ERROR: &str = "error";

/// Upper bounds in milliseconds.
pub const HTTP_BUCKETS: [f64; 9] = [5., 10., 25., 50., 100., 250., 500., 750., 1000.];
/// Upper bounds in milliseconds.
pub const RPC_BUCKETS: [f64; 12] = [1., 2., 5., 10., 25., 50., 100., 250., 500., 1000., 2000., 5000.];
/// Upper bounds in milliseconds.
pub const SQL_BUCKETS: [f64; 18] =
    [0.25, 0.5, 1., 1.5, 2., 3., 5., 10., 25., 50., 100., 250., 500., 1000., 2000., 5000., 10000., 15000.];
