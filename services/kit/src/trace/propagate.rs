//! W3C trace context and baggage, in HTTP headers and gRPC metadata alike.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::SpanContext;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

/// The caller's context. A malformed header counts as none.
pub fn extract(headers: &HeaderMap) -> Context {
    let carrier = HeaderExtractor(headers);
    let cx = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    BaggagePropagator::new().extract_with_context(&cx, &carrier)
}

/// Passes a context on.
pub fn inject(cx: &Context, headers: &mut HeaderMap) {
    let mut carrier = HeaderInjector(headers);
    TraceContextPropagator::new().inject_context(cx, &mut carrier);
    BaggagePropagator::new().inject_context(cx, &mut carrier);
}

/// The headers that pass the present context on, as names and values.
pub fn headers_of(cx: &Context) -> Vec<(String, String)> {
    let mut headers = HeaderMap::new();
    inject(cx, &mut headers);
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The value of the header `traceparent` for a span.
pub fn traceparent(span: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TraceContextExt as _;

    #[test]
    fn a_malformed_traceparent_counts_as_none() {
        for text in [
            "",
            "00-0-0-00",
            "00-00000000000000000000000000000000-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            let cx = extract(&headers);
            assert!(!cx.span().span_context().is_valid(), "{text}");
        }
    }

    #[test]
    fn a_context_survives_the_wire() {
        let mut headers = HeaderMap::new();
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        headers.insert("traceparent", parent.parse().unwrap());
        headers.insert("baggage", "tenant=7".parse().unwrap());
        let cx = extract(&headers);
        assert_eq!(traceparent(cx.span().span_context()), parent);
        let passed_on = headers_of(&cx);
        assert!(passed_on.contains(&("traceparent".into(), parent.into())));
        assert!(passed_on.contains(&("baggage".into(), "tenant=7".into())));
    }
}
