//! The command line.

use clap::{Args, Parser, Subcommand};

use super::check::{Format, LearnBy};
use super::input::MAX_LINE;
use super::style::ColorChoice;

/// Looks through JSON logs: checks them in CI, shows them to people.
#[derive(Debug, Parser)]
#[command(name = "logx", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check that logs are well-formed, have the lines they should and none they should not
    Check(Box<CheckArgs>),
    /// Show logs to people
    View(Box<ViewArgs>),
    /// Show one request's lines of several services as a tree
    Trace(Box<TraceArgs>),
    /// Show what fills a log and what is slow
    Top(Box<TopArgs>),
    /// Print a shell's completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Options that every command has for its input.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files, plain or gzip; `-` or nothing for standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Longest line that is looked at: bytes, or with K, M, G
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value_t = MAX_LINE, hide_default_value = true)]
    pub max_line: usize,
    /// Name of a built-in key where the service renames it, like `level=severity` (timestamp, level, caller, content,
    /// duration, trace, span)
    #[arg(long = "key", value_name = "KEY=NAME", value_parser = parse_pair)]
    pub keys: Vec<(String, String)>,
    /// Progress on standard error even when that is no terminal
    #[arg(long)]
    pub progress: bool,
}

/// `logx check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Fail for each line for which the jq expression yields anything but null and false
    #[arg(long, value_name = "EXPR", help_heading = "Conditions")]
    pub forbid: Vec<String>,
    /// Fail unless the jq expression holds for at least one line
    #[arg(long, value_name = "EXPR", help_heading = "Conditions")]
    pub require: Vec<String>,
    /// Fail if the jq expression holds for more than N lines
    #[arg(long, value_names = ["N", "EXPR"], num_args = 2, action = clap::ArgAction::Append, help_heading = "Conditions")]
    pub at_most: Vec<String>,
    /// Fail if the jq expression has two different values, lines where it is null or false left out
    #[arg(long, value_name = "EXPR", help_heading = "Conditions")]
    pub same: Vec<String>,
    /// Let the conditions look only at lines for which the jq expression holds; everything else is checked on every line
    #[arg(long = "where", value_name = "EXPR", help_heading = "Conditions")]
    pub scopes: Vec<String>,
    /// A YAML file with the same options, kept in the repository
    #[arg(long, value_name = "FILE", help_heading = "Conditions")]
    pub rules: Vec<String>,
    /// A key that every line must have, with its type if given (string, number, boolean, object, array, null)
    #[arg(long = "require-key", value_name = "KEY[=TYPE]", help_heading = "Shape")]
    pub require_keys: Vec<String>,
    /// A further level word
    #[arg(long = "allow-level", value_name = "WORD", help_heading = "Shape")]
    pub levels: Vec<String>,
    /// Take any text as timestamp, not only RFC 3339
    #[arg(long, help_heading = "Shape")]
    pub any_timestamp: bool,
    /// A JSON Schema that every line must satisfy; one that --learn wrote is checked faster
    #[arg(long, value_name = "FILE", help_heading = "Shape")]
    pub schema: Option<String>,
    /// Write the JSON types of each key at each call-site into a JSON Schema, if nothing was found
    #[arg(long, value_name = "FILE", help_heading = "Shape")]
    pub learn: Option<String>,
    /// What --learn tells lines apart by
    #[arg(long, value_enum, default_value_t = LearnBy::CallSite, value_name = "BY", help_heading = "Shape")]
    pub learn_by: LearnBy,
    /// Look for passwords, tokens and keys
    #[arg(long, help_heading = "Secrets")]
    pub no_secrets: bool,
    /// A text planted in test data that must not turn up, nor its base64, hexadecimal or percent-encoded form
    #[arg(long = "canary", value_name = "TEXT", help_heading = "Secrets")]
    pub canaries: Vec<String>,
    /// Output
    #[arg(long, short, value_enum, default_value_t = Format::Text, value_name = "FORMAT", help_heading = "Output")]
    pub output: Format,
    /// Print at most so many findings (0: all); all are counted
    #[arg(long, default_value_t = 1000, value_name = "N", help_heading = "Output")]
    pub max_findings: u64,
}

/// Which lines `view`, `trace` and `top` take.
#[derive(Debug, Default, Args)]
pub(crate) struct FilterArgs {
    /// Only these level words
    #[arg(long, short, value_name = "WORD", value_delimiter = ',', help_heading = "Filters")]
    pub level: Vec<String>,
    /// Only this severity and above (debug, info, warn, error, fatal; slow counts as warn, stat as info)
    #[arg(long, value_name = "WORD", help_heading = "Filters")]
    pub min_level: Option<String>,
    /// Only lines whose caller or `target` begins so
    #[arg(long, value_name = "PREFIX", help_heading = "Filters")]
    pub target: Option<String>,
    /// Only lines from this time on: RFC 3339, or how long ago (`15m`, `2h`)
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    pub since: Option<String>,
    /// Only lines before this time
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    pub until: Option<String>,
    /// Only lines for which the jq expression holds
    #[arg(long = "where", short = 'e', value_name = "EXPR", help_heading = "Filters")]
    pub expression: Vec<String>,
}

/// `logx view`.
#[derive(Debug, Args)]
#[command(after_help = VIEW_EXAMPLES)]
pub(crate) struct ViewArgs {
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Filters.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Only lines of traces that begin so
    #[arg(long, value_name = "ID", help_heading = "Filters")]
    pub trace: Option<String>,
    /// Wait for more lines; go on with the new file when it is rotated
    #[arg(long, short)]
    pub follow: bool,
    /// Only the last N lines that pass the filters (before following)
    #[arg(long, short = 'n', value_name = "N")]
    pub tail: Option<usize>,
}

/// `logx trace`.
#[derive(Debug, Args)]
#[command(after_help = TRACE_EXAMPLES)]
pub(crate) struct TraceArgs {
    /// The trace id, or its beginning
    #[arg(value_name = "ID")]
    pub id: String,
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
}

/// `logx top`.
#[derive(Debug, Args)]
#[command(after_help = TOP_EXAMPLES)]
pub(crate) struct TopArgs {
    /// Input.
    #[command(flatten)]
    pub input: InputArgs,
    /// Filters.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Rows of each table
    #[arg(long, short = 'n', default_value_t = 10, value_name = "N")]
    pub rows: usize,
    /// Order call-sites and templates by bytes in place of lines
    #[arg(long)]
    pub by_bytes: bool,
    /// One JSON document in place of tables
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run > app.log 2>&1; logx check app.log --forbid '.level == \"fatal\"'
  logx view -f logs/access.log --min-level warn
  logx trace 4bf92f3577b34da6 logs/*.log
  logx top logs/access.log.gz

Exit status: 0 fine; 1 something was found (check), or nothing (trace); 2 an input cannot be read, or an option is wrong.";

const CHECK_EXAMPLES: &str = "\
Examples:
  logx check app.log
  logx check --forbid '.level == \"error\"' --require '.content == \"started\"' --at-most 3 '.level == \"slow\"' app.log
  logx check --learn log.schema.json good.log; logx check --schema log.schema.json new.log
  logx check --where '.trace == \"4bf92f3577b34da6a3ce929d0e0e4736\"' --same .uid app.log
  logx check --no-secrets --canary 's3cr3t-of-the-test' logs/*.log.gz
  logx check --rules logs.rules.yaml --output junit app.log > report.xml

Exit status: 0 no finding; 1 findings; 2 an input cannot be read, or an option, expression or schema is wrong.";

const VIEW_EXAMPLES: &str = "\
Examples:
  logx view app.log
  logx view -f -n 20 logs/access.log logs/error.log
  logx view --since 15m --where '.uid == 42 and .content != \"ping\"' app.log
  zcat old.log.gz | logx view --level error,fatal";

const TRACE_EXAMPLES: &str = "\
Examples:
  logx trace 4bf92f3577b34da6a3ce929d0e0e4736 user-api.log user-rpc.log score-rpc.log.gz
  logx trace 4bf92f35 logs/*.log

Lines name their span but not its parent. A span is shown under the shortest other one whose time it lies in; the time of
a span runs from its first line, or its longest `duration` before the line that tells it, to its last line.";

const TOP_EXAMPLES: &str = "\
Examples:
  logx top app.log
  logx top --level slow -n 20 logs/*.log.gz
  logx top --json app.log | jq '.call_sites[0]'";

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (key, name) = text.split_once('=').ok_or("expected KEY=NAME")?;
    Ok((key.to_owned(), name.to_owned()))
}

/// `16M`, `64K`, `1000`.
pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let (digits, shift) = split_unit(text);
    let number: usize = digits.parse().map_err(|_| "expected a number of bytes, or with K, M, G".to_owned())?;
    number.checked_mul(1 << shift).filter(|n| (1..=1 << 32).contains(n)).ok_or_else(|| "expected 1 to 4G".to_owned())
}

fn split_unit(text: &str) -> (&str, u32) {
    let text = text.trim_end_matches('B').trim_end_matches('i');
    for (unit, shift) in [('K', 10), ('M', 20), ('G', 30)] {
        if let Some(digits) = text.strip_suffix(unit) {
            return (digits, shift);
        }
    }
    (text, 0)
}
