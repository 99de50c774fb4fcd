//! A brand's help pages: Markdown with `{{ user_name }}` and the brand's own variables. What it may hold is little: headings, paragraphs, lists,
//! emphasis, links, images. A variable that nobody knows is told with its line and place, and fails `farthing check` (R42).

use crate::Cloud;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a page may name.
const VARIABLES: [&str; 9] =
    ["user_name", "resource_dir_name", "name", "legal_name", "support", "currency", "languages", "cloud", "time_zone"];

/// What each variable says.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    values: BTreeMap<&'static str, String>,
    /// Where its images are.
    images: String,
}

/// What is wrong with a page, and where: bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpTrouble {
    pub at: std::ops::Range<usize>,
    pub what: String,
    pub remedy: String,
}

impl Variables {
    /// `user_name` empty: nobody is signed in.
    pub(crate) fn of(cloud: &Cloud, user_name: &str) -> Variables {
        let brand = &cloud.profile.policy.brand;
        let languages: Vec<&str> = cloud.languages.iter().map(|locale| locale.language()).collect();
        let user_name = if user_name.is_empty() { cloud.name.as_str() } else { user_name };
        let values = BTreeMap::from([
            ("user_name", user_name.to_owned()),
            ("resource_dir_name", format!("/{}/images", cloud.id)),
            ("name", cloud.name.clone()),
            ("legal_name", cloud.legal_name.clone()),
            ("support", brand.support.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("currency", cloud.currency.code().to_owned()),
            ("languages", languages.join(", ")),
            ("cloud", cloud.id.clone()),
            ("time_zone", cloud.time_zone.name().to_owned()),
        ]);
        Variables { values, images: format!("/{}/images/", cloud.id) }
    }
}

/// Every variable of a text that is not known, and every brace that is not closed.
pub fn help_troubles(text: &str) -> Vec<HelpTrouble> {
    let mut troubles = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("{{")) {
        let begin = from + found;
        let rest = text.get(begin + 2..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let Some(end) = line.find("}}") else {
            troubles.push(HelpTrouble {
                at: begin..begin + 2,
                what: "a variable is not closed on its line".to_owned(),
                remedy: "write it like {{ user_name }}".to_owned(),
            });
            from = begin + 2;
            continue;
        };
        let name = line.get(..end).unwrap_or_default().trim();
        if !VARIABLES.contains(&name) {
            let known = farthing_core::config::nearest(name, VARIABLES.iter().copied());
            let remedy = match known {
                Some(known) => format!("did you mean {{{{ {known} }}}}?"),
                None => format!("known are {}", VARIABLES.join(", ")),
            };
            troubles.push(HelpTrouble {
                at: begin..begin + 2 + end + 2,
                what: format!("no variable is called {name:?}"),
                remedy,
            });
        }
        from = begin + 2 + end + 2;
    }
    troubles
}

fn filled(text: &str, variables: &Variables) -> Result<String, HelpTrouble> {
    if let Some(first) = help_troubles(text).into_iter().next() {
        return Err(first);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(variables.values.get(name.trim()).map_or("", String::as_str));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Its first heading.
pub(crate) fn help_title(text: &str, variables: &Variables) -> String {
    let filled = filled(text, variables).unwrap_or_default();
    let heading = filled.lines().find_map(|line| line.strip_prefix("# "));
    heading.unwrap_or_default().trim().to_owned()
}

/// The page without its first heading, as HTML in which nothing of the text is markup but what is meant here.
pub(crate) fn help_html(text: &str, variables: &Variables) -> Result<String, HelpTrouble> {
    let text = filled(text, variables)?;
    let mut html = String::new();
    let mut list = "";
    let mut paragraph: Vec<String> = Vec::new();
    let mut titled = false;
    let close = |html: &mut String, paragraph: &mut Vec<String>, list: &mut &str| {
        if !paragraph.is_empty() {
            let _ = writeln!(html, "<p>{}</p>", paragraph.join(" "));
            paragraph.clear();
        }
        if !list.is_empty() {
            let _ = writeln!(html, "</{list}>");
            *list = "";
        }
    };
    for line in text.lines().map(str::trim_end) {
        let level = line.chars().take_while(|char| *char == '#').count();
        let item = line.strip_prefix("- ").map(|rest| ("ul", rest));
        let item =
            item.or_else(|| Some(("ol", line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok())?.1)));
        if line.is_empty() {
            close(&mut html, &mut paragraph, &mut list);
        } else if (1..=4).contains(&level) && line.get(level..).is_some_and(|rest| rest.starts_with(' ')) {
            close(&mut html, &mut paragraph, &mut list);
            let words = inline(line.get(level..).unwrap_or_default().trim(), variables);
            if level == 1 && !titled {
                titled = true;
                continue;
            }
            let level = level.clamp(2, 3);
            let _ = writeln!(html, "<h{level}>{words}</h{level}>");
        } else if let Some((kind, rest)) = item {
            if list != kind {
                close(&mut html, &mut paragraph, &mut list);
                let _ = writeln!(html, "<{kind}>");
                list = kind;
            }
            let _ = writeln!(html, "<li>{}</li>", inline(rest, variables));
        } else {
            if !list.is_empty() {
                close(&mut html, &mut paragraph, &mut list);
            }
            paragraph.push(inline(line, variables));
        }
    }
    close(&mut html, &mut paragraph, &mut list);
    Ok(html)
}

/// `**strong**`, `` `code` ``, `[words](address)`, `![words](image)`; everything else is text.
fn inline(text: &str, variables: &Variables) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let between = |open: &str, close: &str| {
            let inside = rest.strip_prefix(open)?;
            let end = inside.find(close).filter(|end| *end > 0)?;
            Some((inside.get(..end)?, inside.get(end + close.len()..)?))
        };
        let linked = |open: &str| {
            let (words, after) = between(open, "](")?;
            let end = after.find(')')?;
            Some((words, after.get(..end)?, after.get(end + 1..)?))
        };
        if let Some((words, name, after)) = linked("![") {
            let name = name.strip_prefix(variables.images.as_str()).unwrap_or(name);
            let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'));
            if plain {
                let _ = write!(html, "<img src=\"{}{name}\" alt=\"{}\">", variables.images, escaped(words));
            } else {
                html.push_str(&escaped(words));
            }
            rest = after;
        } else if let Some((words, address, after)) = linked("[") {
            let safe = ["https://", "http://", "mailto:", "/", "#"].iter().any(|begin| address.starts_with(begin));
            if safe && !address.starts_with("//") {
                let _ = write!(html, "<a href=\"{}\">{}</a>", escaped(address), escaped(words));
            } else {
                html.push_str(&escaped(words));
            }
            rest = after;
        } else if let Some((words, after)) = between("**", "**") {
            let _ = write!(html, "<strong>{}</strong>", escaped(words));
            rest = after;
        } else if let Some((words, after)) = between("`", "`") {
            let _ = write!(html, "<code>{}</code>", escaped(words));
            rest = after;
        } else {
            html.push_str(&escaped(first.encode_utf8(&mut [0; 4])));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let values = VARIABLES.into_iter().map(|name| (name, format!("<{name}>"))).collect();
        Variables { values, images: "/x/images/".to_owned() }
    }

    #[test]
    fn a_page_is_what_it_says_and_nothing_in_it_is_markup() {
        let text = "# Help for {{ user_name }}\n\nWrite to **{{support}}** or [look](/x/prices).\nTwo lines, one paragraph.\n\n- one\n- two <script>\n\n1. first\n\n## More\n![a \"coin\"](coin.svg) [bad](javascript:alert(1))";
        assert_eq!(help_title(text, &variables()), "Help for <user_name>");
        let html = help_html(text, &variables()).unwrap();
        let told = "<p>Write to <strong>&#60;support&#62;</strong> or <a href=\"/x/prices\">look</a>. Two lines, one paragraph.</p>
<ul>
<li>one</li>
<li>two &#60;script&#62;</li>
</ul>
<ol>
<li>first</li>
</ol>
<h2>More</h2>
<p><img src=\"/x/images/coin.svg\" alt=\"a &#34;coin&#34;\"> bad)</p>
";
        assert_eq!(html, told);
    }

    #[test]
    fn a_variable_that_nobody_knows_is_told_with_its_place() {
        let text = "# Help\n\nDear {{ user_nam }}, {{ currency }} {{ open\n";
        let troubles = help_troubles(text);
        assert_eq!(troubles.len(), 2, "{troubles:?}");
        assert_eq!(text.get(troubles[0].at.clone()), Some("{{ user_nam }}"));
        assert!(troubles[0].remedy.contains("user_name"), "{}", troubles[0].remedy);
        assert!(help_html(text, &variables()).is_err());
    }
}
