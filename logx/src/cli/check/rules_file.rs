//! `--rules`: the options of `check` as a YAML file that a repository keeps.

use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::condition::{Condition, Demand, Scope};
use crate::cli::error::CliError;
use crate::cli::expr::Expr;

/// A rules file. Every key may be left out; an unknown one is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct RulesFile {
    /// Expressions that a line has to satisfy for the conditions to look at it.
    #[serde(rename = "where")]
    pub scopes: Vec<Spanned<String>>,
    /// Expressions that no line may satisfy.
    pub forbid: Vec<Spanned<Rule>>,
    /// Expressions that some line has to satisfy.
    pub require: Vec<Spanned<Rule>>,
    /// Expressions that only so many lines may satisfy.
    pub at_most: Vec<Spanned<Limit>>,
    /// Expressions whose value, where it is neither null nor false, is the same on every line.
    pub same: Vec<Spanned<Rule>>,
    /// `KEY` or `KEY=TYPE`.
    pub require_keys: Vec<Spanned<String>>,
    /// Further level words.
    pub allow_levels: Vec<String>,
    /// Any text is a timestamp.
    pub any_timestamp: bool,
    /// A JSON Schema; a relative path starts from the rules file.
    pub schema: Option<String>,
    /// Look for passwords, tokens and keys.
    pub no_secrets: bool,
    /// Texts that must not turn up.
    pub canaries: Vec<String>,
    /// Built-in keys that the service renames: `level: severity`.
    pub keys: std::collections::BTreeMap<String, String>,
}

/// An expression, with a name for the report if it has one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Rule {
    /// The expression alone.
    Expr(String),
    /// With a name.
    Named(NamedRule),
}

/// An expression with a name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedRule {
    name: String,
    expr: String,
}

/// An expression with a limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    name: Option<String>,
    max: u64,
    expr: String,
}

impl RulesFile {
    /// Reads a rules file.
    ///
    /// # Errors
    /// When it cannot be read or says something that is not known; with the line and column.
    pub(crate) fn read(file: &str) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(file).map_err(|e| CliError::file(file, e))?;
        let mut rules: Self = serde_saphyr::from_str(&text).map_err(|e| CliError::content(file, &e))?;
        if let (Some(schema), Some(dir)) = (&rules.schema, Path::new(file).parent()) {
            rules.schema = Some(dir.join(schema).to_string_lossy().into_owned());
        }
        Ok(rules)
    }

    /// The expressions of `where`, compiled.
    ///
    /// # Errors
    /// As [`RulesFile::conditions`].
    pub(crate) fn scopes(&self, file: &str) -> Result<Vec<Scope>, CliError> {
        let compiled = self.scopes.iter().enumerate();
        compiled
            .map(|(number, text)| Ok(Scope::new(compile(&text.value, &place(file, text, "where", number))?)))
            .collect()
    }

    /// Its conditions, compiled.
    ///
    /// # Errors
    /// When an expression does not compile; names the file and the place in it.
    pub(crate) fn conditions(&self, file: &str) -> Result<Vec<Condition>, CliError> {
        let mut all = Vec::new();
        for (list, key, demand) in [
            (&self.forbid, "forbid", Demand::Forbid),
            (&self.require, "require", Demand::Require),
            (&self.same, "same", Demand::Same),
        ] {
            for (number, rule) in list.iter().enumerate() {
                let (name, expr) = match &rule.value {
                    Rule::Expr(expr) => (None, expr),
                    Rule::Named(rule) => (Some(rule.name.clone()), &rule.expr),
                };
                let place = place(file, rule, key, number);
                all.push(Condition::new(name, demand, compile(expr, &place)?));
            }
        }
        for (number, limit) in self.at_most.iter().enumerate() {
            let place = place(file, limit, "at-most", number);
            let limit = &limit.value;
            let demand = Demand::AtMost(limit.max);
            all.push(Condition::new(limit.name.clone(), demand, compile(&limit.expr, &place)?));
        }
        Ok(all)
    }
}

/// `rules.yaml:7: forbid 2`, for messages.
fn place<T>(file: &str, item: &Spanned<T>, key: &str, number: usize) -> String {
    format!("{file}:{}: {key} {}", item.referenced.line(), number + 1)
}

/// Compiles an expression given by `option`.
///
/// # Errors
/// When it does not compile.
pub(crate) fn compile(text: &str, option: &str) -> Result<Expr, CliError> {
    Expr::compile(text).map_err(|source| CliError::Expression { option: option.to_owned(), source })
}
