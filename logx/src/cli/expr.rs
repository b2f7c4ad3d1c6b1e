//! Expressions in jq's language, run by jaq.

use std::fmt;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile, data::JustLut};
use jaq_json::{Val, read};

/// A compiled expression.
pub(crate) struct Expr {
    text: String,
    filter: Filter<JustLut<Val>>,
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.text).finish()
    }
}

/// Why an expression does not compile, with the place in it.
#[derive(Debug, thiserror::Error)]
#[error("invalid expression: {problem}\n    {text}\n    {marker}")]
pub(crate) struct ExprError {
    text: String,
    problem: String,
    marker: String,
}

/// A line as jaq's value, parsed once for all expressions.
#[derive(Debug, Clone)]
pub(crate) struct Parsed(Val);

/// Parses a line that the scanner has accepted; `None` if jaq does not.
pub(crate) fn parse(line: &[u8]) -> Option<Parsed> {
    read::parse_single(line).ok().map(Parsed)
}

impl Expr {
    /// Compiles `text`; jq's standard library is there, files, modules and further inputs are not.
    ///
    /// # Errors
    /// When the text is no expression of the language or names a function that does not exist.
    pub(crate) fn compile(text: &str) -> Result<Self, ExprError> {
        let arena = Arena::default();
        let loader = Loader::new(jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()));
        let modules = loader.load(&arena, File { path: (), code: text }).map_err(|errs| {
            let first = errs.into_iter().next();
            first.map_or_else(|| ExprError::whole(text), |(file, e)| load_error(file.code, text, e))
        })?;
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|errs| {
            let first = errs.into_iter().next().and_then(|(file, errs)| Some((file.code, errs.into_iter().next()?)));
            first.map_or_else(|| ExprError::whole(text), |(code, e)| compile_error(code, text, &e))
        })?;
        Ok(Self { text: text.to_owned(), filter })
    }

    /// The expression as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether any output of the expression for the line is neither `null` nor `false`.
    ///
    /// # Errors
    /// The text of the error that the expression raised before such an output.
    pub(crate) fn holds(&self, line: &Parsed) -> Result<bool, String> {
        Ok(self.first(line)?.is_some())
    }

    /// The first output of the expression for the line that is neither `null` nor `false`, as JSON.
    ///
    /// # Errors
    /// As [`Expr::holds`].
    pub(crate) fn value(&self, line: &Parsed) -> Result<Option<String>, String> {
        Ok(self.first(line)?.map(|value| value.to_string()))
    }

    fn first(&self, line: &Parsed) -> Result<Option<Val>, String> {
        let ctx = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        for output in self.filter.id.run((ctx, line.0.clone())) {
            match output {
                Ok(Val::Null | Val::Bool(false)) => {}
                Ok(value) => return Ok(Some(value)),
                Err(e) => {
                    let error = e.get_err().map_or_else(|_| "halt is not available here".to_owned(), |e| e.to_string());
                    return Err(error);
                }
            }
        }
        Ok(None)
    }
}

impl ExprError {
    fn whole(text: &str) -> Self {
        Self { text: text.to_owned(), problem: "not understood".to_owned(), marker: "^".to_owned() }
    }

    fn at(code: &str, text: &str, problem: String, part: &str) -> Self {
        // An error inside jq's own library would have no place in the user's text.
        let start = if code == text { load::span(code, part).start.min(code.len()) } else { 0 };
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let column = text[line_start..start].chars().count();
        Self { text: line.to_owned(), problem, marker: format!("{}^", " ".repeat(column)) }
    }
}

fn load_error(code: &str, text: &str, error: load::Error<&str>) -> ExprError {
    let expected = |what: &str, found: &str| {
        let problem =
            if found.is_empty() { format!("expected {what}, but it ends here") } else { format!("expected {what}") };
        ExprError::at(code, text, problem, found)
    };
    let found = match error {
        load::Error::Lex(errs) => errs.into_iter().next().map(|(what, found)| expected(what.as_str(), found)),
        load::Error::Parse(errs) => errs.into_iter().next().map(|(what, found)| expected(what.as_str(), found)),
        load::Error::Io(errs) => {
            errs.into_iter().next().map(|(path, e)| ExprError::at(code, text, format!("module not loaded: {e}"), path))
        }
    };
    found.unwrap_or_else(|| ExprError::whole(text))
}

fn compile_error(code: &str, text: &str, (found, undefined): &compile::Error<&str>) -> ExprError {
    ExprError::at(code, text, format!("undefined {}: {found}", undefined.as_str()), found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expr: &str, line: &str) -> Result<bool, String> {
        Expr::compile(expr).unwrap().holds(&parse(line.as_bytes()).unwrap())
    }

    #[test]
    fn any_output_that_is_true_holds() {
        let line = r#"{"level":"error","n":3,"tags":["a","b"]}"#;
        for (expr, want) in [
            (r#".level == "error""#, true),
            (r#"select(.level == "slow")"#, false),
            (".tags[] | . == \"b\"", true),
            (".missing", false),
            ("empty", false),
            (r#".level | test("^err")"#, true),
            ("def twice: . * 2; .n | twice > 5", true),
        ] {
            assert_eq!(holds(expr, line), Ok(want), "{expr}");
        }
        assert!(holds(".n | test(\"x\")", line).is_err());
        assert!(holds("halt", line).is_err());
    }

    #[test]
    fn a_broken_expression_shows_its_place() {
        let error = Expr::compile(".level == nosuch").unwrap_err().to_string();
        assert!(error.contains("undefined filter: nosuch") && error.ends_with("              ^"), "{error}");
        let error = Expr::compile(".a | (.b").unwrap_err().to_string();
        assert!(error.contains("expected closing parenthesis") || error.contains("expected"), "{error}");
    }
}
