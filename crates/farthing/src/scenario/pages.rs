//! What people of a story see: costs as they are looked at, and the console's own pages, asked for as a browser would and read as text.
//!
//! Amounts and pages are those of the engine and of `farthing-console`; here is only who looks.

use super::engine::{EngineStage, broken, told};
use super::stage::{Answer, CostsAsked, PageAsked, StageError};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, request::Parts};
use farthing_console::{Console, Porter, Seat, ThisMachine, Visitor, router};
use farthing_core::money::Money;
use farthing_engine::{CostQuestion, Engine};
use std::sync::Arc;
use tower::ServiceExt as _;

impl EngineStage {
    /// The sum of all groups, or of one: none of that name has cost nothing.
    pub(super) fn costs(&self, asked: &CostsAsked) -> Result<Answer, StageError> {
        let now = self.engine().now().map_err(broken)?;
        let month = self.engine().month_of(&self.cloud, &asked.account, now).map_err(told)?;
        let from = asked.from.unwrap_or(month.month);
        let last = asked.to.unwrap_or_else(|| month.today.max(from));
        let to = last.next_day().map_err(|error| StageError::refused("invalid", error.to_string()))?;
        let question = CostQuestion { from, to, by: asked.by.clone(), filter: asked.filter.clone() };
        let view = self.engine().costs(&self.cloud, &asked.account, &question, now).map_err(told)?;
        let net = match &asked.of {
            None => view.costs.net,
            Some(name) => view.costs.groups.iter().find(|group| group.key == *name).map_or(0, |group| group.net),
        };
        Ok(Answer::Money(Money::from_units(net, view.currency)))
    }

    /// The lines of a page; where there is none, or nothing to see, what the page says instead, below its status.
    pub(super) fn page(&self, asked: &PageAsked) -> Result<Answer, StageError> {
        let engine = self.engine().clone();
        let porter: Arc<dyn Porter> = match &asked.person {
            None => Arc::new(ThisMachine::new(engine.ids().bytes())),
            Some(person) => Arc::new(Member { engine: engine.clone(), person: person.clone() }),
        };
        let address = match &asked.account {
            None => format!("/{}{}", self.cloud, asked.path),
            // An account's first page has nothing behind its name.
            Some(account) => {
                let rest = asked.path.strip_prefix('/').filter(|rest| rest.is_empty() || rest.starts_with('?'));
                format!("/c/{}/{account}{}", self.cloud, rest.unwrap_or(&asked.path))
            }
        };
        let language = asked.language.as_deref().unwrap_or("en");
        let request = Request::builder().uri(&address).header("host", "127.0.0.1").header("accept-language", language);
        let request = request.body(Body::empty());
        let request = request.map_err(|error| StageError::refused("invalid", format!("{address}: {error}")))?;
        let pages = router(Console::looked_at(engine, porter));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(broken)?;
        let (status, bytes) = runtime
            .block_on(async {
                let response = pages.oneshot(request).await.unwrap_or_else(|never| match never {});
                let status = response.status();
                Ok::<_, axum::Error>((status, to_bytes(response.into_body(), usize::MAX).await?))
            })
            .map_err(broken)?;
        let mut lines = lines_of(&String::from_utf8_lossy(&bytes));
        if status != StatusCode::OK {
            lines.insert(0, status.to_string());
        }
        Ok(Answer::Lines(lines))
    }
}

/// Somebody of a story before a screen: what is theirs is looked up as for anybody who has signed in.
#[derive(Debug)]
struct Member {
    engine: Engine,
    person: String,
}

impl Porter for Member {
    fn who(&self, cloud: &str, _: Option<&str>, _: &Parts) -> Option<Visitor> {
        let accesses = self.engine.accesses_of(cloud, &self.person).ok()?;
        Some(Visitor {
            person: self.person.clone(),
            known_as: self.person.clone(),
            name: self.person.clone(),
            language: None,
            accounts: accesses.iter().filter_map(Seat::of).collect(),
            operator: None,
            everywhere: false,
            csrf: String::new(),
            leave: String::new(),
        })
    }
}

/// What parts of a line are in; everything else begins one of its own.
const WITHIN_A_LINE: [&str; 17] = [
    "a", "abbr", "b", "bdi", "br", "button", "code", "em", "i", "label", "small", "span", "strong", "sub", "td", "th",
    "time",
];
/// What holds no text for people.
const NO_TEXT: [&str; 3] = ["script", "style", "svg"];

/// A page as it is read: a line for each paragraph, heading and row, with single spaces.
fn lines_of(html: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        push(&mut lines, text);
        let Some((tag, after)) = after.split_once('>') else { break };
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        rest = after;
        if NO_TEXT.contains(&name) && !tag.starts_with('/') && !tag.ends_with('/') {
            rest = after.split_once(&format!("</{name}>")).map_or("", |(_, rest)| rest);
        }
        if !WITHIN_A_LINE.contains(&name) {
            lines.push(String::new());
        } else if matches!(name, "td" | "th" | "br") {
            push(&mut lines, " ");
        }
    }
    push(&mut lines, rest);
    let joined = lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    joined.filter(|line| !line.is_empty()).collect()
}

fn push(lines: &mut [String], text: &str) {
    let Some(line) = lines.last_mut() else { return };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        line.push_str(before);
        let coded = after.split_once(';').and_then(|(name, after)| Some((letter(name)?, after)));
        if let Some((letter, after)) = coded {
            line.push(letter);
            rest = after;
        } else {
            line.push('&');
            rest = after;
        }
    }
    line.push_str(rest);
}

fn letter(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "nbsp" => Some(' '),
        number => char::from_u32(number.strip_prefix('#')?.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn a_page_is_read_line_by_line() {
        let html = "<!doctype html><html><head><title>Costs</title><style>p { color: red }</style></head><body>\n\
            <h1>Costs of <em>acme</em></h1><svg><title>drawn</title></svg><table><tr><th>Product</th><th>Net</th></tr>\n\
            <tr><td>a&#38;b</td>\n<td>$5.80</td></tr></table><p>1 &lt; 2 &unknown; three</p></body></html>";
        let lines = ["Costs", "Costs of acme", "Product Net", "a&b $5.80", "1 < 2 &unknown; three"];
        assert_eq!(lines_of(html), lines);
    }
}
