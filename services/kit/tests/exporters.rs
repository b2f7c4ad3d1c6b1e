//! What each batcher puts on the wire, read back by somebody else's reader where there is one.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use kit::Telemetry;
use kit::conf::{RestConf, from_yaml};
use opentelemetry::trace::{SpanBuilder, SpanKind};
use opentelemetry::{Array, KeyValue, Value};
use serde_json::{Map, json};
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol as _, TType};

type Received = Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>;

/// A collector that keeps what it gets and answers with `status`.
async fn collector(status: u16) -> (SocketAddr, Received) {
    let received = Received::default();
    let take = async move |State(all): State<Received>, uri: Uri, headers: HeaderMap, body: Bytes| {
        all.lock().unwrap().push((uri.path().to_owned(), headers, body));
        StatusCode::from_u16(status).unwrap()
    };
    let router = Router::new().fallback(take).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, received)
}

/// Runs a failing request with one statement through a service with this `Telemetry` block; how many batches were lost.
async fn traced(block: &str) -> u64 {
    let yaml = format!("Name: test-api\nPort: 1\nTelemetry: {{{block}}}\n");
    let conf = from_yaml::<RestConf>("test", &yaml, None).unwrap().conf;
    let telemetry = Telemetry::start(&conf.service, false).unwrap();
    let list = Array::String(vec!["a".into(), "b".into()]);
    let builder = SpanBuilder::from_name("/register").with_kind(SpanKind::Server).with_attributes([
        KeyValue::new("http.method", "POST"),
        KeyValue::new("http.status_code", 503),
        KeyValue::new("share", 0.5),
        KeyValue::new("retried", true),
        KeyValue::new("list", Value::Array(list)),
    ]);
    let work = async {
        telemetry.sql("exec", "DELETE", async { Ok::<_, String>(()) }).await.unwrap();
        Err::<(), _>("no answer")
    };
    telemetry.traced(builder, work).await.unwrap_err();
    telemetry.tracing().shutdown(Duration::from_secs(10)).await;
    telemetry.metrics().export_failures().get()
}

fn only(received: &Received) -> (String, HeaderMap, Bytes) {
    let all = received.lock().unwrap();
    assert_eq!(all.len(), 1, "one batch");
    all[0].clone()
}

/// Reads any struct with Apache's reader: field number to value.
fn read_struct(input: &mut TBinaryInputProtocol<&[u8]>) -> serde_json::Value {
    input.read_struct_begin().unwrap();
    let mut fields = Map::new();
    loop {
        let field = input.read_field_begin().unwrap();
        if field.field_type == TType::Stop {
            break;
        }
        let value = read_value(input, field.field_type);
        let before = fields.insert(field.id.unwrap().to_string(), value);
        assert_eq!(before, None, "a field twice");
        input.read_field_end().unwrap();
    }
    input.read_struct_end().unwrap();
    fields.into()
}

fn read_value(input: &mut TBinaryInputProtocol<&[u8]>, kind: TType) -> serde_json::Value {
    match kind {
        TType::Bool => input.read_bool().unwrap().into(),
        TType::I32 => input.read_i32().unwrap().into(),
        TType::I64 => input.read_i64().unwrap().into(),
        TType::Double => input.read_double().unwrap().into(),
        TType::String => input.read_string().unwrap().into(),
        TType::Struct => read_struct(input),
        TType::List => {
            let list = input.read_list_begin().unwrap();
            let items = (0..list.size).map(|_| read_value(input, list.element_type)).collect();
            input.read_list_end().unwrap();
            serde_json::Value::Array(items)
        }
        other => panic!("no field of Jaeger's has the type {other:?}"),
    }
}

/// A span's tags by key: type and value.
fn tags(span: &serde_json::Value) -> Map<String, serde_json::Value> {
    let value = |tag: &serde_json::Value| {
        let kind = tag["2"].as_i64().unwrap();
        let field = ["3", "4", "5", "6"][usize::try_from(kind).unwrap()];
        json!([kind, tag[field]])
    };
    let all = span["10"].as_array().unwrap();
    all.iter().map(|t| (t["1"].as_str().unwrap().to_owned(), value(t))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn jaeger_gets_a_thrift_batch_that_apaches_reader_reads_to_the_last_byte() {
    let (address, received) = collector(202).await;
    let lost = traced(&format!("Batcher: jaeger, Endpoint: 'http://{address}/api/traces'")).await;
    assert_eq!(lost, 0);
    let (path, headers, body) = only(&received);
    assert_eq!(path, "/api/traces");
    assert_eq!(headers["content-type"], "application/x-thrift");

    let mut input = TBinaryInputProtocol::new(&body[..], true);
    let batch = read_struct(&mut input);
    input.read_byte().expect_err("nothing follows the batch");

    assert_eq!(batch["1"]["1"], "test-api");
    let spans = batch["2"].as_array().unwrap();
    let named = |name: &str| spans.iter().find(|s| s["5"] == name).unwrap();
    let (sql, root) = (named("sql"), named("/register"));
    assert_eq!(spans.len(), 2);
    for half in ["1", "2"] {
        assert_eq!(sql[half], root[half], "one trace");
        assert_ne!(sql[half], 0);
    }
    assert_eq!((&sql["4"], &root["4"]), (&root["3"], &json!(0)), "the statement is the request's child");
    assert_eq!(root["7"], 1, "sampled");
    let (start, took) = (root["8"].as_i64().unwrap(), root["9"].as_i64().unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((now.as_micros() as i64 - start) < 60_000_000, "microseconds since 1970");
    assert!(took >= sql["9"].as_i64().unwrap());
    assert_eq!(
        serde_json::Value::Object(tags(root)),
        json!({
            "http.method": [0, "POST"],
            "http.status_code": [3, 503],
            "share": [1, 0.5],
            "retried": [2, true],
            "list": [0, "[\"a\",\"b\"]"],
            "otel.library.name": [0, "go-zero"],
            "span.kind": [0, "server"],
            "otel.status_code": [0, "ERROR"],
            "error": [2, true],
            "otel.status_description": [0, "no answer"],
        })
    );
    assert_eq!(tags(sql)["sql.method"], json!([0, "Exec"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn zipkin_gets_version_2_json_with_the_services_name() {
    let (address, received) = collector(202).await;
    let lost = traced(&format!("Batcher: zipkin, Endpoint: 'http://{address}/api/v2/spans'")).await;
    assert_eq!(lost, 0);
    let (path, headers, body) = only(&received);
    assert_eq!((path.as_str(), headers["content-type"].to_str().unwrap()), ("/api/v2/spans", "application/json"));
    let spans: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    let (sql, root) = (&spans[0], &spans[1]);
    assert_eq!((&sql["name"], &root["name"]), (&json!("sql"), &json!("/register")));
    assert_eq!((&sql["parentId"], &sql["traceId"]), (&root["id"], &root["traceId"]));
    assert_eq!(root.get("parentId"), None, "a root names no parent");
    assert_eq!((&root["kind"], &sql["kind"]), (&json!("SERVER"), &json!("CLIENT")));
    assert_eq!(root["localEndpoint"], json!({"serviceName": "test-api"}));
    assert_eq!((&root["tags"]["http.status_code"], &root["tags"]["error"]), (&json!("503"), &json!("no answer")));
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_over_http_goes_to_the_configured_path_with_the_configured_headers() {
    let (address, received) = collector(200).await;
    let block =
        format!("Batcher: otlphttp, Endpoint: '{address}', OtlpHttpPath: /x/traces, OtlpHeaders: {{X-Token: t0}}");
    assert_eq!(traced(&block).await, 0);
    let (path, headers, body) = only(&received);
    assert_eq!(path, "/x/traces");
    assert_eq!(
        (&headers["content-type"], &headers["x-token"]),
        (&"application/x-protobuf".parse().unwrap(), &"t0".parse().unwrap())
    );
    for text in ["test-api", "go-zero", "/register", "sql.method"] {
        assert!(body.windows(text.len()).any(|w| w == text.as_bytes()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_gets_one_object_a_span_and_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("spans.json");
    assert_eq!(traced(&format!("Batcher: file, Endpoint: '{}'", file.display())).await, 0);
    let text = std::fs::read_to_string(file).unwrap();
    let spans: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[1]["Status"], json!({"Code": "Error", "Description": "no answer"}));
    assert_eq!(spans[0]["Parent"]["SpanID"], spans[1]["SpanContext"]["SpanID"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_or_refuses_is_counted_and_fails_nothing() {
    let (refusing, _) = collector(500).await;
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for block in [
        format!("Batcher: jaeger, Endpoint: 'http://{refusing}/api/traces'"),
        format!("Batcher: jaeger, Endpoint: 'http://{gone}/api/traces'"),
        format!("Batcher: zipkin, Endpoint: 'http://{gone}/api/v2/spans'"),
        format!("Batcher: otlphttp, Endpoint: '{gone}'"),
        format!("Batcher: otlpgrpc, Endpoint: '{gone}'"),
    ] {
        assert_eq!(traced(&block).await, 1, "{block}");
    }
    // Not sampled: nothing is sent, so nothing is lost.
    let off = format!("Batcher: jaeger, Endpoint: 'http://{gone}/api/traces', Sampler: 0");
    assert_eq!(traced(&off).await, 0);
}
