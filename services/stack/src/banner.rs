//! Where everything is: a few lines for a person at a terminal, one log line for everybody else.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use tokio::net::TcpListener;

use crate::wiring::reachable;
use crate::{Listeners, StackConf};

pub(crate) fn show(conf: &StackConf, listeners: &Listeners) {
    let api = reachable(&listeners.user_api.main);
    let dtm = reachable(&listeners.dtm.http);
    let metrics = |admin: &Option<TcpListener>, path: Option<&str>| {
        let address = admin.as_ref().map(reachable);
        address.map(|a| format!("http://{a}{}", path.unwrap_or_default()))
    };
    let all = [
        (
            "user-api metrics",
            metrics(
                &listeners.user_api.admin.metrics,
                conf.user_api.rest.service.prometheus.as_ref().map(|p| p.path.as_str()),
            ),
        ),
        (
            "user-rpc metrics",
            metrics(
                &listeners.user_rpc.admin.metrics,
                conf.user_rpc.rpc.service.prometheus.as_ref().map(|p| p.path.as_str()),
            ),
        ),
        (
            "score-rpc metrics",
            metrics(
                &listeners.score_rpc.admin.metrics,
                conf.score_rpc.rpc.service.prometheus.as_ref().map(|p| p.path.as_str()),
            ),
        ),
    ];
    let mut stderr = std::io::stderr().lock();
    if !stderr.is_terminal() {
        logx::info!(api = format!("http://{api}"), dtm = format!("http://{dtm}"); "Starting user-api, user-rpc, score-rpc and the coordinator");
        return;
    }
    let mut text = format!(
        "\n  register a user:\n    curl -s http://{api}/register -H 'Content-Type: application/json' -d '{{\"name\":\"Ada\",\"gender\":\"female\"}}'\n\n"
    );
    for (what, url) in all {
        if let Some(url) = url {
            let _ = writeln!(text, "  {what:<18} {url}");
        }
    }
    let _ = writeln!(text, "  {:<18} http://{dtm}\n", "coordinator");
    // A terminal that went away is no reason to stop.
    let _ = stderr.write_all(text.as_bytes());
}
