//! Before anything is timed: does every candidate's line hold what the scenario says?

use crate::candidate::Candidate;
use crate::data;
use crate::scenario::Scenario;
use crate::sink::Capture;
use serde_json::Value;

/// Lines that each candidate logs for the check.
const LINES: u64 = 3;

/// A candidate that writes into `Capture`.
pub struct Probe {
    pub candidate: Box<dyn Candidate>,
    pub capture: Capture,
}

/// The bytes of one line, or what is wrong with it.
pub fn line_of(probe: &Probe, scenario: Scenario) -> Result<usize, String> {
    let line = line(probe.candidate.as_ref(), &probe.capture, scenario)?;
    Ok(line.len())
}

/// One line of a candidate that writes into `capture`, or what is wrong with it; none where the scenario is off.
pub fn line(candidate: &dyn Candidate, capture: &Capture, scenario: Scenario) -> Result<Vec<u8>, String> {
    candidate.activate();
    capture.take();
    candidate.run(scenario, LINES);
    let bytes = capture.take();
    let fail = |what: String| format!("{} {scenario}: {what}: {}", candidate.name(), String::from_utf8_lossy(&bytes));
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
    if scenario.is_off() {
        return if bytes.is_empty() { Ok(bytes) } else { Err(fail("wrote a line at a disabled level".into())) };
    }
    if lines.len() as u64 != LINES || !bytes.ends_with(b"\n") {
        return Err(fail(format!("{} lines for {LINES} calls", lines.len())));
    }
    for line in &lines {
        let parsed: Value = serde_json::from_slice(line).map_err(|e| fail(e.to_string()))?;
        let message = data::expected_message(scenario);
        if !holds(&parsed, &|_, v| v.as_str() == Some(&message)) {
            return Err(fail("the message is missing".into()));
        }
        for (key, want) in data::expected(scenario) {
            let text_will_do = candidate.flattens_to_text() && !want.is_number();
            if !holds(&parsed, &|k, v| k == key && (*v == want || (text_will_do && v.is_string()))) {
                return Err(fail(format!("field {key} is not {want}")));
            }
        }
    }
    Ok(lines[0].to_vec())
}

/// True when a member at any depth of the objects passes `test`.
fn holds(value: &Value, test: &dyn Fn(&str, &Value) -> bool) -> bool {
    value.as_object().is_some_and(|members| members.iter().any(|(k, v)| test(k, v) || holds(v, test)))
}
