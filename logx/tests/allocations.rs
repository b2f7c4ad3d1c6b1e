//! After a call-site's first line, no line allocates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts is an unsafe trait; it only passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use logx::{Context, Encoding, Key, NativeWriter, Stream, Value, field};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count_one() {
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a hundred lines after the first two.
fn allocations(mut line: impl FnMut()) -> u64 {
    line();
    line();
    let before = COUNT.get();
    for _ in 0..100 {
        line();
    }
    COUNT.get() - before
}

#[derive(serde::Serialize)]
struct User {
    id: u64,
    name: &'static str,
    tags: [&'static str; 2],
    address: Option<Address>,
}

#[derive(serde::Serialize)]
struct Address {
    street: &'static str,
    geo: (f64, f64),
}

fn users() -> Vec<User> {
    let address = || Some(Address { street: "Main \"street\"", geo: (1.5, -2.25) });
    (0..10).map(|id| User { id, name: "ann", tags: ["a", "b"], address: address() }).collect()
}

#[test]
fn no_line_allocates_after_the_first() {
    logx::set_writer(Stream::new(std::io::sink()));
    let log = logx::with_fields([field("order", "A-1"), field("n", 7)])
        .with_context(&Context::new().with_trace("0af7651916cd43dd8448eb211c80319c").with_span("b7ad6b7169203331"));
    let users = users();
    let map: std::collections::BTreeMap<&str, u32> = [("a", 1), ("b", 2), ("c", 3)].into();
    let err = std::io::Error::other("disk is full");
    let now = std::time::SystemTime::now();
    let list = [Value::I64(1), Value::Str("two"), Value::F64(3.5), Value::List(&[Value::Null])];
    let inner = [field("a", 1), field("b", "two")];
    let rich = |key: &'static str, value| logx::Field { key: Key::Static(key), value };
    let took = Duration::from_micros(1_500);

    let forms: [(&str, &mut dyn FnMut()); 12] = [
        ("static", &mut || logx::info!("a static message")),
        ("static function", &mut || logx::info("a static message")),
        ("ten fields", &mut || {
            logx::info!(a = 1, b = 2u64, c = "text", d = true, e = 1.25, f = -7i8, g = 'x', h = "y\n", i = None::<i32>, j = took;
                "ten fields");
        }),
        ("formatted", &mut || logx::info!("user {} took {:?}", 7, took)),
        ("formatted function", &mut || logx::infof(format_args!("user {} took {:?}", 7, took))),
        ("rich values", &mut || {
            let fields = [
                rich("list", Value::List(&list)),
                rich("object", Value::Object(&inner)),
                rich("err", Value::Error(&err)),
                rich("time", Value::Time(logx::Time::local(now))),
                rich("bytes", Value::Bytes(b"\xff\x00bytes")),
                rich("took", Value::Duration(1_500_000)),
                rich("display", Value::Display(&1.5)),
                rich("debug", Value::Debug(&took)),
                rich("f32", Value::F32(0.1)),
                rich("null", Value::Null),
            ];
            logx::infow("rich", &fields);
        }),
        ("an error by macro", &mut || logx::error!(err:err = err; "failed")),
        ("serialized", &mut || logx::info!(users:serde = users, map; "serialized")),
        ("serialized content", &mut || logx::infov(&users)),
        ("logger with context", &mut || log.info("with context")),
        ("logger by macro", &mut || logx::info!(logger: log, uid = 7; "with context")),
        ("suppressed", &mut || logx::debug!(uid = 7; "not printed {}", 1)),
    ];
    logx::set_level(logx::Level::Info);
    let mut found = Vec::new();
    for (name, line) in forms {
        match allocations(line) {
            0 => {}
            n => found.push((name, n)),
        }
    }
    assert!(found.is_empty(), "allocations of a hundred lines: {found:?}");

    let scoped = logx::scope(&Context::new().with_trace("t"), || allocations(|| logx::info!("in a frame")));
    assert_eq!(scoped, 0, "a frame's context");

    // The counter counts: a line that has to allocate does.
    assert!(allocations(|| logx::info!(level = 1; "a key that is renamed")) >= 100);

    let sink = logx::sink::stream(std::io::sink());
    logx::set_writer(NativeWriter::new(sink, Encoding::Json));
    assert_eq!(allocations(|| logx::info!(uid = 7; "native")), 0);
}
