//! What configuration files may hold, and what is said about those that do not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use kit::conf::{Batcher, Conf, ConfError, Loaded, RestConf, RpcClientConf, RpcServerConf, from_yaml};

const API: &str = "Name: user-api\nPort: 8888\n";

fn load<C: Conf>(text: &str) -> Result<Loaded<C>, ConfError> {
    from_yaml("etc/test.yaml", text, None)
}

/// The blocks that the tutorial adds to its two services, unchanged.
const TUTORIAL_BLOCKS: &str = "
Prometheus:
  Host: 127.0.0.1
  Port: 9081
  Path: /metrics
Telemetry:
  Name: user-api
  Endpoint: http://localhost:14268/api/traces
  Sampler: 1.0
  Batcher: jaeger
";

#[test]
fn the_tutorials_blocks_load_unchanged_and_without_a_warning() {
    let loaded: Loaded<RestConf> = load(&format!("{API}{TUTORIAL_BLOCKS}")).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let service = loaded.conf.service;
    let prometheus = service.prometheus.unwrap();
    assert_eq!((prometheus.host.as_str(), prometheus.port, prometheus.path.as_str()), ("127.0.0.1", 9081, "/metrics"));
    let telemetry = service.telemetry.unwrap();
    assert_eq!(telemetry.batcher, Batcher::Jaeger);
    assert_eq!(telemetry.endpoint, "http://localhost:14268/api/traces");
    assert!((telemetry.sampler - 1.0).abs() < f64::EPSILON);
}

#[test]
fn defaults_are_go_zeros() {
    let api = load::<RestConf>(API).unwrap().conf;
    assert_eq!(api.host, "0.0.0.0");
    assert_eq!(api.max_bytes, Some(1_048_576));
    assert_eq!(api.timeout, Some(Duration::from_secs(3)));
    assert_eq!(api.service.mode, "pro");
    assert_eq!(api.service.log.logx["ServiceName"], "user-api");
    assert_eq!(api.service.log.logx["Level"], "info");
    // An absent block stays off, its inner defaults do not hold.
    assert_eq!(api.service.prometheus, None);
    assert_eq!(api.service.telemetry, None);

    let rpc = load::<RpcServerConf>("Name: a\nListenOn: 0.0.0.0:8080\nTelemetry:\n  Sampler: 0.5\n").unwrap().conf;
    assert_eq!(rpc.timeout, Some(Duration::from_secs(2)));
    assert!(rpc.health && rpc.trace && rpc.stat && rpc.prometheus);
    assert_eq!(rpc.stat_conf.slow_threshold, Duration::from_millis(500));
    let telemetry = rpc.service.telemetry.unwrap();
    assert_eq!((telemetry.name.as_str(), telemetry.batcher), ("a", Batcher::OtlpGrpc));
}

#[test]
fn keys_have_no_case_and_a_timeout_of_zero_is_none() {
    let text = "nAME: a\nPORT: 1\ntimeout: 0\nmaxbytes: 0\nlog:\n  LEVEL: Error\n  stat: off\n";
    let conf = load::<RestConf>(text).unwrap().conf;
    assert_eq!((conf.timeout, conf.max_bytes), (None, None));
    assert_eq!(conf.service.log.logx["Level"], "error");
    assert_eq!(conf.service.log.logx["Stat"], false);
}

#[test]
fn a_wrong_value_is_one_line_with_file_key_found_and_allowed() {
    let cases = [
        ("Port: 1", "key Name: found nothing, allowed: text, the key is required"),
        ("Name: a", "key Port: found nothing, allowed: a whole number from 0 to 65535, the key is required"),
        ("Name: 7\nPort: 1", "key Name: found 7, allowed: text (write it in quotes: \"7\")"),
        ("Name: a\nPort: \"8888\"", "key Port: found \"8888\", allowed: a whole number from 0 to 65535"),
        ("Name: a\nPort: 70000", "key Port: found 70000, allowed: a whole number from 0 to 65535"),
        ("Name: a\nPort: 1\nMode: prod", "key Mode: found \"prod\", allowed: dev, test, rt, pre, pro"),
        (
            "Name: a\nPort: 1\nLog:\n  Level: loud",
            "key Log.Level: found \"loud\", allowed: debug, info, warn, error, severe, off",
        ),
        (
            "Name: a\nPort: 1\nLog:\n  Backend: log4j",
            "key Log.Backend: found \"log4j\", allowed: slog, tracing, native",
        ),
        ("Name: a\nPort: 1\nLog: yes please", "key Log: found \"yes please\", allowed: a block of keys"),
        ("Name: a\nPort: 1\nTelemetry:\n  Sampler: 2", "key Telemetry.Sampler: found 2, allowed: a number from 0 to 1"),
        (
            "Name: a\nPort: 1\nTelemetry:\n  Batcher: kafka",
            "key Telemetry.Batcher: found \"kafka\", allowed: otlpgrpc, otlphttp, jaeger, zipkin, file",
        ),
        (
            "Name: a\nPort: 1\nTelemetry:\n  Batcher: jaeger\n  Endpoint: localhost",
            "key Telemetry.Endpoint: found \"localhost\", allowed: a URL such as http://localhost:14268/api/traces",
        ),
        (
            "Name: a\nPort: 1\nShutdown:\n  WaitTime: 5 seconds",
            "key Shutdown.WaitTime: found \"5 seconds\", allowed: a duration such as 500ms, 5.5s or 1h30m",
        ),
        (
            "Name: a\nPort: 1\nMiddlewares:\n  Log: maybe",
            "key Middlewares.Log: found \"maybe\", allowed: true or false",
        ),
        (
            "Name: a\nPort: 1\nPrometheus:\n  Path: metrics",
            "key Prometheus.Path: found \"metrics\", allowed: a path such as /metrics",
        ),
        ("Name: a\nPort: 1\nname: b", "key name: found the key twice, allowed: a key once"),
        ("- a\n- b", ": found a list, allowed: a block of keys"),
    ];
    for (text, expected) in cases {
        let line = load::<RestConf>(text).unwrap_err().to_string();
        let line = line.strip_prefix("config file etc/test.yaml").unwrap();
        assert_eq!(line.trim_start_matches(", "), expected, "{text}");
    }
}

#[test]
fn what_is_not_built_in_is_still_read_strictly_and_tls_to_etcd_is_refused() {
    let server = "Name: a\nListenOn: 127.0.0.1:1\n";
    let cases = [
        ("CpuThreshold: 1000", "key CpuThreshold: found 1000, allowed: a whole number from 0 to 999"),
        ("Middlewares: {Breaker: maybe}", "key Middlewares.Breaker: found \"maybe\", allowed: true or false"),
        ("Auth: 1", "key Auth: found 1, allowed: true or false"),
        ("Etcd: {Hosts: [a:1], Key: k, ID: x}", "key Etcd.ID: found \"x\", allowed: a whole number from 0 to"),
        (
            "Etcd: {Hosts: [a:1], Key: k, CertFile: c.pem}",
            "key Etcd.CertFile: found a file, allowed: nothing (etcd is reached in the clear",
        ),
        ("Etcd: {Hosts: [a:1], Key: k, CACertFile: c.pem}", "key Etcd.CACertFile: found a file"),
    ];
    for (text, expected) in cases {
        let line = load::<RpcServerConf>(&format!("{server}{text}")).unwrap_err().to_string();
        assert!(line.contains(expected) && !line.contains('\n'), "{line}");
    }
    let text =
        format!("{server}CpuThreshold: 900\nEtcd: {{Hosts: [a:1], Key: k, ID: 7}}\nMiddlewares: {{Breaker: true}}\n");
    let loaded: Loaded<RpcServerConf> = load(&text).unwrap();
    assert_eq!(loaded.conf.etcd.unwrap().id, Some(7));
    assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
    assert_eq!(
        load::<RpcServerConf>(&format!("{server}Etcd: {{Hosts: [a:1], Key: k, ID: 0}}")).unwrap().conf.etcd.unwrap().id,
        None
    );
    let balancer = load::<RpcClientConf>("Endpoints: [a:1]\nBalancerName: consistent_hash").unwrap();
    assert_eq!(balancer.warnings, ["BalancerName: has no effect: p2c_ewma is the only balancer"]);
}

#[test]
fn text_that_is_no_yaml_is_one_line_and_shows_nothing_of_the_file() {
    for text in ["Name: [", "Name: a\n  Pass: hunter2\n", "\t- x", "Name: a\nName: a", "a: *b"] {
        let line = load::<RestConf>(text).unwrap_err().to_string();
        assert!(line.starts_with("config file etc/test.yaml"), "{line}");
        assert!(!line.contains('\n') && !line.contains("hunter2"), "{line}");
    }
}

#[test]
fn an_unknown_key_is_a_warning_with_a_suggestion() {
    let text = format!("{API}Telemetery:\n  Sampler: 1\nLog:\n  Levl: info\nKafka: 1\nVerbose: true\n");
    let loaded: Loaded<RestConf> = load(&text).unwrap();
    assert_eq!(
        loaded.warnings,
        [
            "unknown key Log.Levl, did you mean Level?",
            "Verbose: has no effect: bodies are not logged",
            "unknown key Telemetery, did you mean Telemetry?",
            "unknown key Kafka",
        ]
    );
}

#[test]
fn a_bare_number_is_nanoseconds_as_in_go_zero_and_is_warned_about() {
    let loaded: Loaded<RestConf> = load(&format!("{API}SlowThreshold: 500\n")).unwrap();
    assert_eq!(loaded.conf.slow_threshold, Duration::from_nanos(500));
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
}

#[test]
fn secrets_are_read_and_never_printed() {
    let text = "
Endpoints: []
Etcd:
  Hosts: [127.0.0.1:2379]
  Key: user.rpc
  User: root
  Pass: hunter2
";
    let loaded: Loaded<RpcClientConf> = load(text).unwrap();
    assert_eq!(loaded.conf.etcd.as_ref().unwrap().pass, "hunter2");
    assert_eq!(loaded.conf.target(), "etcd://127.0.0.1:2379/user.rpc?user=root&password=hunter2");
    assert!(!loaded.effective.contains("hunter2"), "{}", loaded.effective);
    assert!(loaded.effective.contains("Pass: \"***\""), "{}", loaded.effective);

    let line = load::<RpcClientConf>("Etcd:\n  Hosts: [a:1]\n  Key: k\n  Pass: 123456\n").unwrap_err().to_string();
    assert!(line.contains("Etcd.Pass") && !line.contains("123456"), "{line}");
}

#[test]
fn the_effective_configuration_is_a_file_that_means_the_same() {
    let text = format!("{API}{TUTORIAL_BLOCKS}TraceIgnorePaths: [/ping]\nTimeout: 1500\n");
    let first: Loaded<RestConf> = load(&text).unwrap();
    let second: Loaded<RestConf> = load(&first.effective).unwrap();
    assert_eq!(first.conf, second.conf);
    assert_eq!(second.warnings, Vec::<String>::new());
    assert_eq!(first.effective, second.effective);
}

#[test]
fn environment_variables_are_replaced_only_behind_the_flag_and_only_in_braces() {
    let text = "Name: ${WHO}-api\nPort: ${PORT}\nLog:\n  Path: $HOME/p$ss\n";
    let env = |name: &str| match name {
        "WHO" => Some("user".to_owned()),
        "PORT" => Some("8888".to_owned()),
        _ => None,
    };
    let conf = from_yaml::<RestConf>("f", text, Some(&env)).unwrap().conf;
    assert_eq!((conf.service.name.as_str(), conf.port), ("user-api", 8888));
    assert_eq!(conf.service.log.logx["Path"], "$HOME/p$ss");
    // Without the flag the text stays, and is no port.
    let line = from_yaml::<RestConf>("f", text, None).unwrap_err().to_string();
    assert!(line.contains("key Port"), "{line}");
    let unset = from_yaml::<RestConf>("f", "Name: ${NOBODY}\nPort: 1", Some(&env));
    assert_eq!(
        unset.unwrap_err().to_string(),
        "config file f, key Name: found ${NOBODY}, allowed: the name of a set environment variable"
    );
}

#[test]
fn a_client_needs_a_target_and_takes_the_first_kind() {
    let line = load::<RpcClientConf>("Timeout: 5").unwrap_err().to_string();
    assert!(line.ends_with("allowed: one of Endpoints, Target and Etcd"), "{line}");
    let all = "Endpoints: [a:1, b:2]\nTarget: dns:///x:1\nEtcd:\n  Hosts: [h:1]\n  Key: k\n";
    assert_eq!(load::<RpcClientConf>(all).unwrap().conf.target(), "direct:///a:1,b:2");
    assert_eq!(load::<RpcClientConf>("Target: dns:///x:1").unwrap().conf.target(), "dns:///x:1");
}
