//! Aligned text.

/// Prints rows under a header: the first column to the left, the others to the right.
pub fn print(title: &str, header: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    println!("\n{title}\n");
    let head: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
    println!("{}", line(&head, &widths));
    println!("|{}|", widths.iter().enumerate().map(|(i, w)| rule(i, *w)).collect::<Vec<_>>().join("|"));
    for row in rows {
        println!("{}", line(row, &widths));
    }
}

fn rule(column: usize, width: usize) -> String {
    if column == 0 { "-".repeat(width + 2) } else { format!("{}:", "-".repeat(width + 1)) }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::from("|");
    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let pad = " ".repeat(width - cell.chars().count());
        if i == 0 {
            text.push_str(&format!(" {cell}{pad} |"));
        } else {
            text.push_str(&format!(" {pad}{cell} |"));
        }
    }
    text
}

/// A number with three significant digits, `–` where there is none.
pub fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(v) if v.abs() >= 99.95 => format!("{v:.0}"),
        Some(v) if v.abs() >= 9.995 => format!("{v:.1}"),
        Some(v) => format!("{v:.2}"),
    }
}
