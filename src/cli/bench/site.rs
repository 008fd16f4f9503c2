//! The pages of a site: every kind that a link leads to, asked for often.

use super::store::{answered, client};
use crate::api::extract::SESSION_COOKIE;
use crate::error::{Error, Result};
use reqwest::blocking::Client;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// How often each page is asked for, after a first time.
const ASKED: usize = 20;
/// Pages of one kind whose links are followed: the first may lack what the second has.
const FOLLOWED: usize = 3;

/// A kind of page and how long it takes.
#[derive(Clone, Debug)]
pub(super) struct PageTime {
    /// Its address, with `*` for what names a record.
    pub(super) kind: String,
    /// 95th percentile of the time until the last byte is here, ms.
    pub(super) p95_ms: f64,
}

/// Follows links from the first page as everybody whose session is given, and times one page of each kind; the slowest first. What two
/// people see is timed for both, and the slower counts.
///
/// # Errors
///
/// [`Error::Server`] for a link that does not lead to a page.
pub(super) fn time_pages(server: &str, sessions: &[String]) -> Result<Vec<PageTime>> {
    let mut slowest = BTreeMap::<String, f64>::new();
    for session in sessions {
        let visit = Visit { client: client()?, server, session };
        for (kind, path) in visit.kinds()? {
            let p95 = visit.p95_ms(&path)?;
            let known = slowest.entry(kind).or_default();
            *known = known.max(p95);
        }
    }
    let mut times: Vec<PageTime> =
        slowest.into_iter().map(|(kind, p95_ms)| PageTime { kind, p95_ms }).collect();
    times.sort_by(|a, b| b.p95_ms.total_cmp(&a.p95_ms));
    Ok(times)
}

/// The first page of every kind that can be reached by somebody whose session is given.
///
/// # Errors
///
/// [`Error::Server`] for a link that does not lead to a page.
pub(super) fn pages_of(server: &str, session: &str) -> Result<Vec<String>> {
    let visit = Visit { client: client()?, server, session };
    Ok(visit.kinds()?.into_iter().map(|(_, path)| path).collect())
}

/// Somebody who is signed in.
struct Visit<'a> {
    client: Client,
    server: &'a str,
    session: &'a str,
}

impl Visit<'_> {
    /// Kinds of pages that can be reached, each with the first page of it.
    fn kinds(&self) -> Result<Vec<(String, String)>> {
        let mut seen = BTreeMap::<String, Vec<String>>::new();
        let mut kinds = Vec::new();
        let mut next = VecDeque::from(["/".to_owned()]);
        while let Some(path) = next.pop_front() {
            let kind = kind_of(&path);
            let known = seen.entry(kind.clone()).or_default();
            if known.len() >= FOLLOWED || known.contains(&path) {
                continue;
            }
            known.push(path.clone());
            if known.len() == 1 {
                kinds.push((kind, path.clone()));
            }
            let text = String::from_utf8_lossy(&self.get(&path)?).into_owned();
            next.extend(links(&text));
        }
        Ok(kinds)
    }

    fn p95_ms(&self, path: &str) -> Result<f64> {
        let mut times = Vec::new();
        for time in 0..=ASKED {
            let started = Instant::now();
            self.get(path)?;
            if time > 0 {
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times[ASKED * 95 / 100 - 1])
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let address = format!("{}{path}", self.server);
        let cookie = format!("{SESSION_COOKIE}={}", self.session);
        let (status, body) = answered(self.client.get(&address).header("cookie", cookie).send())?;
        if status != 200 {
            let detail = format!("a link leads to {path}, which answered {status}");
            return Err(Error::Server { server: self.server.to_owned(), detail });
        }
        Ok(body)
    }
}

/// An address with `*` for every part that names a record (it has a digit), and of a question only what is asked.
fn kind_of(path: &str) -> String {
    let (path, question) = path.split_once('?').unwrap_or((path, ""));
    let part = |part: &str| {
        if part.bytes().any(|byte| byte.is_ascii_digit()) {
            "*".to_owned()
        } else {
            part.to_owned()
        }
    };
    let mut kind = path.split('/').map(part).collect::<Vec<_>>().join("/");
    let asked: Vec<&str> = question
        .split('&')
        .filter_map(|one| one.split_once('=').filter(|(_, value)| !value.is_empty()))
        .map(|(name, _)| name)
        .collect();
    if !asked.is_empty() {
        kind = format!("{kind}?{}", asked.join("&"));
    }
    kind
}

/// Pages of this server that a page leads to.
fn links(page: &str) -> Vec<String> {
    let targets = page.split(" href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let paths = targets.map(|(target, _)| target.replace("&amp;", "&"));
    let paths = paths.filter_map(|path| path.split('#').next().map(str::to_owned));
    paths
        .filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .filter(|path| !path.starts_with("/api/") && !path.starts_with("/assets/"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_leaves_out_what_names_a_record() {
        assert_eq!(kind_of("/alerts/ep_01J9/step"), "/alerts/*/step");
        assert_eq!(kind_of("/models?after=a&find="), "/models?after");
        assert_eq!(kind_of("/"), "/");
    }

    #[test]
    fn links_are_those_of_this_server() {
        let page = r#"<a href="/a?x=1&amp;y=2">, <a class="b" href="/c#d">, <a href="https://e">, <a href="//f">, <a href="/api/v1/g">"#;
        assert_eq!(links(page), ["/a?x=1&y=2", "/c"]);
    }
}
