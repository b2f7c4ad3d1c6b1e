//! Prints a tree as YAML.

use std::fmt::Write as _;

use super::Node;

/// The tree as YAML text.
pub(super) fn yaml(node: &Node) -> String {
    let mut out = String::new();
    write_node(&mut out, node, 0);
    out
}

fn write_node(out: &mut String, node: &Node, indent: usize) {
    match node {
        Node::Map(entries) => {
            for (key, value) in entries {
                let _ = write!(out, "{:indent$}{key}:", "");
                write_value(out, value, indent + 2);
            }
        }
        Node::List(items) => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                match item {
                    Node::Map(_) => {
                        let mut block = String::new();
                        write_node(&mut block, item, indent + 2);
                        out.push(' ');
                        out.push_str(block.trim_start());
                    }
                    _ => write_value(out, item, indent + 2),
                }
            }
        }
        scalar => {
            let _ = writeln!(out, "{}", scalar_text(scalar));
        }
    }
}

fn write_value(out: &mut String, value: &Node, indent: usize) {
    match value {
        Node::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Node::List(items) if items.is_empty() => out.push_str(" []\n"),
        Node::Map(_) | Node::List(_) => {
            out.push('\n');
            write_node(out, value, indent);
        }
        scalar => {
            let _ = writeln!(out, " {}", scalar_text(scalar));
        }
    }
}

fn scalar_text(node: &Node) -> String {
    match node {
        Node::Bool(b) => b.to_string(),
        Node::Int(i) => i.to_string(),
        Node::Float(x) => format!("{x:?}"),
        // JSON's quoting is YAML's double-quoted style.
        Node::Str(s) | Node::Expanded(s) => serde_json::Value::from(s.as_str()).to_string(),
        Node::Null | Node::List(_) | Node::Map(_) => "null".into(),
    }
}
