//! What a check looks for: options and rules files put together.

use super::condition::{Condition, Demand, Scope};
use super::learn::Learned;
use super::rules_file::{RulesFile, compile};
use super::schema::Schema;
use super::secrets::Secrets;
use crate::cli::args::CheckArgs;
use crate::cli::error::CliError;
use crate::cli::located::KeyNames;
use crate::cli::scan::Kind;

/// The level words that logx and go-zero print.
const LEVELS: [&str; 8] = ["debug", "info", "warn", "error", "slow", "stat", "fatal", "alert"];

/// A key that every line must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredKey {
    /// Its name.
    pub name: String,
    /// The type it must have.
    pub kind: Option<Kind>,
}

/// What a check looks for.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Names of the built-in keys.
    pub keys: KeyNames,
    /// Keys besides the built-in ones.
    pub required: Vec<RequiredKey>,
    /// Known level words.
    pub levels: Vec<String>,
    /// Any text is a timestamp.
    pub any_timestamp: bool,
    /// Expressions that a line has to satisfy for the conditions to look at it.
    pub scopes: Vec<Scope>,
    /// Expressions.
    pub conditions: Vec<Condition>,
    /// Schemas.
    pub schemas: Vec<Schema>,
    /// What is being learned.
    pub learned: Option<Learned>,
    /// What must not turn up.
    pub secrets: Option<Secrets>,
}

impl Plan {
    /// Puts everything together; nothing of the input has been opened yet.
    ///
    /// # Errors
    /// Whatever option, expression, rules file or schema cannot be used.
    pub(crate) fn new(args: &CheckArgs) -> Result<Self, CliError> {
        let mut plan = Self {
            keys: KeyNames::default(),
            required: Vec::new(),
            levels: LEVELS.iter().map(ToString::to_string).chain(args.levels.iter().cloned()).collect(),
            any_timestamp: args.any_timestamp,
            scopes: Vec::new(),
            conditions: Vec::new(),
            schemas: Vec::new(),
            learned: None,
            secrets: None,
        };
        let mut patterns = args.no_secrets;
        let mut canaries = args.canaries.clone();
        for file in &args.rules {
            let rules = RulesFile::read(file)?;
            plan.add_rules(file, &rules)?;
            patterns |= rules.no_secrets;
            canaries.extend(rules.canaries);
        }
        plan.add_options(args)?;
        if patterns || !canaries.is_empty() {
            plan.secrets = Some(Secrets::new(patterns, &canaries).map_err(|e| CliError::option("--canary", &e))?);
        }
        if args.learn.is_some() {
            plan.learned = Some(Learned::new(args.learn_by, &plan.keys.caller, &plan.keys.level));
        }
        Ok(plan)
    }

    fn add_rules(&mut self, file: &str, rules: &RulesFile) -> Result<(), CliError> {
        self.scopes.extend(rules.scopes(file)?);
        self.conditions.extend(rules.conditions(file)?);
        self.levels.extend(rules.allow_levels.iter().cloned());
        self.any_timestamp |= rules.any_timestamp;
        for key in &rules.require_keys {
            let place = || format!("{file}:{}: require-keys", key.referenced.line());
            self.required.push(required_key(&key.value).map_err(|e| CliError::option(&place(), &e))?);
        }
        for (key, name) in &rules.keys {
            if !self.keys.rename(key, name) {
                return Err(CliError::content(file, &format!("keys: no built-in key {key}")));
            }
        }
        if let Some(schema) = &rules.schema {
            self.schemas.push(Schema::read(schema)?);
        }
        Ok(())
    }

    fn add_options(&mut self, args: &CheckArgs) -> Result<(), CliError> {
        for text in &args.scopes {
            self.scopes.push(Scope::new(compile(text, "--where")?));
        }
        for text in &args.forbid {
            self.conditions.push(Condition::new(None, Demand::Forbid, compile(text, "--forbid")?));
        }
        for text in &args.require {
            self.conditions.push(Condition::new(None, Demand::Require, compile(text, "--require")?));
        }
        for text in &args.same {
            self.conditions.push(Condition::new(None, Demand::Same, compile(text, "--same")?));
        }
        for pair in args.at_most.chunks_exact(2) {
            let limit =
                pair[0].parse().map_err(|_| CliError::option("--at-most", &format!("no number: {}", pair[0])))?;
            self.conditions.push(Condition::new(None, Demand::AtMost(limit), compile(&pair[1], "--at-most")?));
        }
        for key in &args.require_keys {
            self.required.push(required_key(key).map_err(|e| CliError::option("--require-key", &e))?);
        }
        rename_keys(&mut self.keys, &args.input.keys)?;
        if let Some(schema) = &args.schema {
            self.schemas.push(Schema::read(schema)?);
        }
        Ok(())
    }
}

/// Applies `--key KEY=NAME`.
///
/// # Errors
/// When there is no such built-in key.
pub(crate) fn rename_keys(keys: &mut KeyNames, renamed: &[(String, String)]) -> Result<(), CliError> {
    for (key, name) in renamed {
        if !keys.rename(key, name) {
            return Err(CliError::option("--key", &format!("no built-in key {key}")));
        }
    }
    Ok(())
}

fn required_key(text: &str) -> Result<RequiredKey, String> {
    let Some((name, kind)) = text.split_once('=') else {
        return Ok(RequiredKey { name: text.to_owned(), kind: None });
    };
    let kind = Kind::parse(kind).ok_or_else(|| format!("{kind} is no type"))?;
    Ok(RequiredKey { name: name.to_owned(), kind: Some(kind) })
}
