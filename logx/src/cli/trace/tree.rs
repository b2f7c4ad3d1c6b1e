//! The spans of a trace as a tree.
//!
//! A line names its span, rarely the span's parent. Without a name the parent is the shortest other span whose time
//! contains the span's: a callee starts after its caller and ends before it.

use super::collect::Hit;

/// Timestamps have milliseconds and durations tenths; spans may stick out of their parents by this much.
const TOLERANCE: i64 = 2_000_000;

/// A span with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpanNode {
    /// The span's id; empty for the lines that name none.
    pub id: String,
    /// Indices of its lines, in time order.
    pub lines: Vec<usize>,
    /// Nanoseconds since 1970.
    pub start: i64,
    /// Nanoseconds since 1970.
    pub end: i64,
    /// Where its parent stands in the list.
    pub parent: Option<usize>,
}

impl SpanNode {
    fn length(&self) -> i64 {
        self.end - self.start
    }

    fn contains(&self, other: &Self) -> bool {
        self.start <= other.start + TOLERANCE && other.end <= self.end + TOLERANCE
    }
}

/// The spans of lines that are sorted by time, earliest first.
pub(crate) fn spans(hits: &[Hit]) -> Vec<SpanNode> {
    let mut spans: Vec<SpanNode> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, hit) in hits.iter().enumerate() {
        let start = hit.time - hit.duration.unwrap_or(0).max(0);
        let at = *places.entry(hit.span.as_str()).or_insert_with(|| {
            spans.push(SpanNode { id: hit.span.clone(), lines: Vec::new(), start, end: hit.time, parent: None });
            spans.len() - 1
        });
        let span = &mut spans[at];
        span.lines.push(index);
        span.start = span.start.min(start);
        span.end = span.end.max(hit.time);
    }
    // Longer first among those that start together, so that a parent stands before its children.
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.length())));
    for at in 0..spans.len() {
        spans[at].parent = named_parent(hits, &spans, at).or_else(|| containing(&spans, at));
    }
    spans
}

fn named_parent(hits: &[Hit], spans: &[SpanNode], at: usize) -> Option<usize> {
    let name = spans[at].lines.iter().map(|line| &hits[*line].parent).find(|parent| !parent.is_empty())?;
    let parent = spans.iter().position(|span| span.id == *name)?;
    // Lines may name each other as parents; a circle must not hang the output.
    (parent != at && !is_ancestor(spans, at, parent)).then_some(parent)
}

fn containing(spans: &[SpanNode], at: usize) -> Option<usize> {
    let span = &spans[at];
    let longer = |other: &SpanNode, index: usize| (other.length(), at) > (span.length(), index);
    let candidates = spans.iter().enumerate().filter(|(index, other)| {
        *index != at && other.contains(span) && longer(other, *index) && !is_ancestor(spans, at, *index)
    });
    candidates.min_by_key(|(index, other)| (other.length(), *index)).map(|(index, _)| index)
}

/// Whether `ancestor` is `of` or above it.
fn is_ancestor(spans: &[SpanNode], ancestor: usize, of: usize) -> bool {
    let mut next = Some(of);
    while let Some(at) = next {
        if at == ancestor {
            return true;
        }
        next = spans[at].parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(span: &str, parent: &str, ms: i64, duration: Option<i64>) -> Hit {
        Hit {
            file: 0,
            trace: "t".to_owned(),
            span: span.to_owned(),
            parent: parent.to_owned(),
            time: ms * 1_000_000,
            clock: String::new(),
            duration: duration.map(|d| d * 1_000_000),
            level: String::new(),
            caller: String::new(),
            content: String::new(),
        }
    }

    fn parents(hits: &[Hit]) -> Vec<(String, Option<String>)> {
        let tree = spans(hits);
        tree.iter().map(|span| (span.id.clone(), span.parent.map(|at| tree[at].id.clone()))).collect()
    }

    #[test]
    fn a_span_lies_under_the_shortest_one_around_it() {
        let hits = [
            hit("c", "", 130, Some(20)),
            hit("b", "", 140, Some(40)),
            hit("d", "", 190, Some(30)),
            hit("a", "", 200, Some(100)),
        ];
        let some = |text: &str| Some(text.to_owned());
        let want = [("a", None), ("b", some("a")), ("c", some("b")), ("d", some("a"))];
        assert_eq!(parents(&hits), want.map(|(id, parent)| (id.to_owned(), parent)));
    }

    #[test]
    fn a_named_parent_wins_and_circles_are_cut() {
        let hits = [hit("x", "y", 10, Some(5)), hit("y", "x", 100, Some(5))];
        assert_eq!(parents(&hits), [("x".to_owned(), Some("y".to_owned())), ("y".to_owned(), None)]);
    }
}
