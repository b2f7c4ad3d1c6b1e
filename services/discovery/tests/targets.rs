//! Target strings: what each form means, what is refused, and the way to a branch URL and back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use discovery::{EtcdTarget, Target, join_method, split_method, without_password};

fn etcd(hosts: &[&str], key: &str, user: &str, password: &str) -> Target {
    Target::Etcd(EtcdTarget {
        hosts: hosts.iter().map(ToString::to_string).collect(),
        key: key.into(),
        user: user.into(),
        password: password.into(),
    })
}

fn direct(addresses: &[&str]) -> Target {
    Target::Direct(addresses.iter().map(ToString::to_string).collect())
}

#[test]
fn every_form_is_understood() {
    let table = [
        ("127.0.0.1:8080", direct(&["127.0.0.1:8080"])),
        ("[::1]:8080", direct(&["[::1]:8080"])),
        ("direct:///127.0.0.1:8080", direct(&["127.0.0.1:8080"])),
        ("direct://a:1,b:2", direct(&["a:1", "b:2"])),
        ("direct:///a:1, b:2/", direct(&["a:1", "b:2"])),
        ("dns:///svc.local:8080", Target::Dns("svc.local:8080".into())),
        ("etcd://127.0.0.1:2379/dtmservice", etcd(&["127.0.0.1:2379"], "dtmservice", "", "")),
        ("etcd://a:1,b/user.rpc", etcd(&["a:1", "b:2379"], "user.rpc", "", "")),
        ("discov://a:1/k?user=u&password=p%26w", etcd(&["a:1"], "k", "u", "p&w")),
        ("etcd:///a:1,b:2?key=user.rpc", etcd(&["a:1", "b:2"], "user.rpc", "", "")),
    ];
    for (text, wanted) in table {
        assert_eq!(text.parse::<Target>().unwrap(), wanted, "{text}");
    }
}

#[test]
fn what_is_no_target_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "is empty"),
        ("localhost", "has no port"),
        (":80", "has no host"),
        ("a:0", "port must be"),
        ("a:70000", "port must be"),
        ("direct:///", "has no port"),
        ("consul://a:1/k", "unknown scheme"),
        ("etcd://a:1", "names no key"),
        ("etcd:///?key=k", "names no etcd host"),
        ("etcd://a:x/k", "no host:port"),
    ] {
        let error = text.parse::<Target>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn a_password_is_shown_nowhere() {
    let target: Target = "etcd://a:1/k?user=u&password=secret".parse().unwrap();
    assert!(!format!("{target:?}").contains("secret"));
    let error = "etcd://a:x/k?user=u&password=secret".parse::<Target>().unwrap_err();
    assert!(!error.to_string().contains("secret"));
    for (url, shown) in [
        (
            "etcd://a:1/k/user.User/saveUser?user=u&password=secret",
            "etcd://a:1/k/user.User/saveUser?user=u&password=***",
        ),
        ("etcd:///a:1?password=secret&key=k/user.User/saveUser", "etcd:///a:1?password=***&key=k/user.User/saveUser"),
        ("etcd:///a:1?key=k&password=secret/user.User/saveUser", "etcd:///a:1?key=k&password=***/user.User/saveUser"),
        ("http://a:1/pay?password=secret", "http://a:1/pay?password=***"),
        ("a:1/user.User/password", "a:1/user.User/password"),
        (
            "http://a:1/pay?to=me&pass=\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
            "http://a:1/pay?to=me&pass=\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ),
    ] {
        assert_eq!(without_password(url), shown);
    }
}

#[test]
fn a_branch_url_falls_apart_into_target_and_method() {
    for (url, target) in [
        ("127.0.0.1:8080/user.User/saveUser", "127.0.0.1:8080"),
        ("direct:///127.0.0.1:8080/user.User/saveUser", "127.0.0.1:8080"),
        ("direct:///a:1,b:2/user.User/saveUser", "direct:///a:1,b:2"),
        ("dns:///svc:80/user.User/saveUser", "dns:///svc:80"),
        ("etcd://a:1/user.rpc/user.User/saveUser", "etcd://a:1/user.rpc"),
        ("etcd://a:1/deep/key/user.User/saveUser", "etcd://a:1/deep/key"),
        ("etcd://a:1/user.rpc/user.User/saveUser?user=u&password=p", "etcd://a:1/user.rpc?user=u&password=p"),
        ("etcd:///a:1,b:2?key=user.rpc/user.User/saveUser", "etcd://a:1,b:2/user.rpc"),
        ("etcd:///a:1/user.User/saveUser?key=user.rpc", "etcd://a:1/user.rpc"),
    ] {
        let (got, method) = split_method(url).unwrap();
        assert_eq!((got.to_string().as_str(), method.as_str()), (target, "/user.User/saveUser"), "{url}");
    }
    for url in
        ["", "a:1", "a:1/saveUser", "a:1/user.User/", "direct:///user.User/saveUser", "etcd://a:1/user.User/saveUser"]
    {
        assert!(split_method(url).is_err(), "{url}");
    }
}

#[test]
fn joining_and_splitting_are_inverse_and_use_the_legacy_form() {
    for (target, url) in [
        ("direct:///a:1", "a:1/user.User/saveUser"),
        ("direct:///a:1,b:2", "direct:///a:1,b:2/user.User/saveUser"),
        ("etcd:///a:1,b:2?key=user.rpc", "etcd://a:1,b:2/user.rpc/user.User/saveUser"),
        ("etcd://a:1/k?user=u&password=p", "etcd://a:1/k/user.User/saveUser?user=u&password=p"),
    ] {
        let joined = join_method(target, "/user.User/saveUser").unwrap();
        assert_eq!(joined, url);
        let (back, method) = split_method(&joined).unwrap();
        assert_eq!((back, method.as_str()), (target.parse().unwrap(), "/user.User/saveUser"));
    }
}
