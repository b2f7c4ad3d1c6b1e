//! The tables of `top`.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::histogram::Histogram;
use super::tally::{Count, Table, Tally};
use crate::cli::args::TopArgs;
use crate::cli::excerpt::clip;
use crate::cli::style::{Role, Style};
use crate::cli::time::show_duration;

/// A name is shown up to this many characters.
const NAME: usize = 100;
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Tables for people.
pub(super) fn text(tally: &Tally, args: &TopArgs, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let all = &tally.all;
    let lines = if all.lines == 1 { "line" } else { "lines" };
    write!(out, "{} {lines}, {}", all.lines, size(all.bytes))?;
    if tally.other > 0 {
        write!(out, ", {} more that are no JSON object", tally.other)?;
    }
    writeln!(out)?;
    for (title, rows) in [("level", &tally.levels), ("call-site", &tally.call_sites), ("message", &tally.templates)] {
        table(title, rows, all, args, style, out)?;
    }
    if all.durations.count() > 0 {
        durations(tally, args, style, out)?;
    }
    Ok(())
}

fn table(title: &str, rows: &Table, all: &Count, args: &TopArgs, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let heading = format!("{:>10} {:>6} {:>10} {:>6}  {title}", "lines", "%", "bytes", "%");
    writeln!(out, "\n{}", style.paint(Role::Bold, &heading))?;
    let rows = rows.largest(args.by_bytes);
    for (name, count) in rows.iter().take(args.rows) {
        writeln!(
            out,
            "{:>10} {:>6} {:>10} {:>6}  {}",
            count.lines,
            share(count.lines, all.lines),
            size(count.bytes),
            share(count.bytes, all.bytes),
            clip(name.as_bytes(), NAME),
        )?;
    }
    if rows.len() > args.rows {
        writeln!(out, "{:>10} more", rows.len() - args.rows)?;
    }
    Ok(())
}

fn durations(tally: &Tally, args: &TopArgs, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let heading = format!(
        "{:>10} {:>9} {:>9} {:>9} {:>9} {:>9}  durations by call-site",
        "lines", "p50", "p90", "p99", "p99.9", "max"
    );
    writeln!(out, "\n{}", style.paint(Role::Bold, &heading))?;
    let mut rows: Vec<_> = tally.call_sites.largest(false).into_iter().map(|(name, c)| (name, &c.durations)).collect();
    rows.retain(|(_, histogram)| histogram.count() > 0);
    rows.sort_by_key(|(_, histogram)| std::cmp::Reverse(histogram.percentile(0.99)));
    rows.truncate(args.rows);
    rows.insert(0, ("(all)", &tally.all.durations));
    for (name, histogram) in rows {
        write!(out, "{:>10}", histogram.count())?;
        for (_, p) in PERCENTILES {
            write!(out, " {:>9}", show_duration(histogram.percentile(p)))?;
        }
        writeln!(out, " {:>9}  {}", show_duration(histogram.max()), clip(name.as_bytes(), NAME))?;
    }
    writeln!(out, "\n{}", style.paint(Role::Bold, &format!("{:>10}  slowest lines", "duration")))?;
    for slow in &tally.slowest {
        let line = format!("{} {} {}", slow.place, slow.caller, slow.content);
        writeln!(out, "{:>10}  {}", show_duration(slow.duration), clip(line.as_bytes(), NAME + 40))?;
    }
    Ok(())
}

/// One JSON document; durations in nanoseconds.
pub(super) fn json(tally: &Tally, args: &TopArgs, out: &mut dyn Write) -> io::Result<()> {
    let table = |table: &Table| -> Vec<Value> {
        let rows = table.largest(args.by_bytes);
        rows.iter()
            .take(args.rows)
            .map(|(name, c)| json!({"name": name, "lines": c.lines, "bytes": c.bytes, "durations": percentiles(&c.durations)}))
            .collect()
    };
    let slowest: Vec<_> = tally
        .slowest
        .iter()
        .map(|s| json!({"duration": s.duration, "place": s.place, "caller": s.caller, "content": s.content}))
        .collect();
    let value = json!({
        "lines": tally.all.lines,
        "bytes": tally.all.bytes,
        "not_json": tally.other,
        "levels": table(&tally.levels),
        "call_sites": table(&tally.call_sites),
        "templates": table(&tally.templates),
        "durations": percentiles(&tally.all.durations),
        "slowest": slowest,
    });
    writeln!(out, "{value}")
}

fn percentiles(histogram: &Histogram) -> Value {
    if histogram.count() == 0 {
        return Value::Null;
    }
    let mut value: serde_json::Map<_, _> =
        PERCENTILES.iter().map(|(name, p)| ((*name).to_owned(), json!(histogram.percentile(*p)))).collect();
    value.insert("count".to_owned(), json!(histogram.count()));
    value.insert("max".to_owned(), json!(histogram.max()));
    value.into()
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}

fn size(bytes: u64) -> String {
    let n = bytes as f64;
    if n < 1024.0 {
        format!("{bytes} B")
    } else if n < 1_048_576.0 {
        format!("{:.1} KiB", n / 1024.0)
    } else if n < 1_073_741_824.0 {
        format!("{:.1} MiB", n / 1_048_576.0)
    } else {
        format!("{:.2} GiB", n / 1_073_741_824.0)
    }
}
