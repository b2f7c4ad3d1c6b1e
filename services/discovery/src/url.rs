use std::borrow::Cow;

use crate::{Error, Target};

/// Splits a branch URL into its target and the gRPC path `/package.Service/Method`.
///
/// The method is always the last two segments, so a key with slashes works. In the newer etcd spelling the method may have been appended to
/// the query (`etcd:///h?key=k/user.User/save`) or put before it; both are understood.
///
/// # Errors
/// [`Error::NoMethod`] without two segments at the end, else what the target's own parsing says.
pub fn split_method(url: &str) -> Result<(Target, String), Error> {
    let no_method = || Error::NoMethod { url: url.split('?').next().unwrap_or(url).to_owned() };
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let target = match query {
        Some(query) if query.matches('/').count() >= 2 => {
            let (query, method) = cut_method(query).ok_or_else(no_method)?;
            return Ok((format!("{path}?{query}").parse()?, method));
        }
        _ => cut_method(path),
    };
    let (target, method) = target.ok_or_else(no_method)?;
    let target = match query {
        Some(query) => format!("{target}?{query}"),
        None => target.to_owned(),
    };
    Ok((target.parse()?, method))
}

fn cut_method(text: &str) -> Option<(&str, String)> {
    let (rest, method) = text.rsplit_once('/')?;
    let (target, service) = rest.rsplit_once('/')?;
    if method.is_empty() || service.is_empty() || target.is_empty() || target.ends_with(":/") {
        return None;
    }
    Some((target, format!("/{service}/{method}")))
}

/// Joins a target and a method (`user.User/saveUser`, with or without a leading slash) into a branch URL.
///
/// Targets are written in the form that a real dtm splits correctly, whatever form they were given in: `host:port/...`, `direct:///...`,
/// `etcd://hosts/key/...`.
///
/// # Errors
/// What is wrong with the target.
pub fn join_method(target: &str, method: &str) -> Result<String, Error> {
    let target: Target = target.parse()?;
    let method = method.trim_start_matches('/');
    let text = target.to_string();
    Ok(match text.split_once('?') {
        Some((path, query)) => format!("{path}/{method}?{query}"),
        None => format!("{text}/{method}"),
    })
}

/// A target or a branch URL as it may be shown: `***` in place of the password.
#[must_use]
pub fn without_password(url: &str) -> Cow<'_, str> {
    const KEY: &str = "password=";
    let Some((path, query)) = url.split_once('?') else { return Cow::Borrowed(url) };
    let hidden = |part: &str| match part.split_at_checked(KEY.len()) {
        // A method may have been appended to the query.
        Some((KEY, value)) => format!("{KEY}***{}", value.find('/').map_or("", |at| &value[at..])),
        _ => part.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(hidden).collect();
    Cow::Owned(format!("{path}?{}", query.join("&")))
}
