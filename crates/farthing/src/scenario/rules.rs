//! The rules that scenarios prove, by number and a line each; the table of which of them are proven, and the document that says where each is
//! configured.

use super::read::read;
use super::report::{self, Told};
use crate::failure::Failure;
use farthing_core::config::Source;
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// R1 is the first. The numbers never change: files, tests and messages name them.
pub(super) const RULES: [&str; 100] = [
    "Invoice and receipt are two documents, each sent as a PDF",
    "Prepaid nodes, priced by provider, region and configuration",
    "Traffic out of the region is postpaid, beyond a free allowance",
    "Workers share the period of their node and its monthly bill",
    "Cloud storage is postpaid by use, at the end of the cycle",
    "Backups are postpaid, with a free size for each host",
    "Tunnel traffic is the owner's, whoever visits",
    "GPU units are bought ahead and used up, never mixed with money",
    "Payment comes before the installation begins",
    "A worker added or removed in a period counts by the second",
    "A restored snapshot is a new order at the full price",
    "Destroying settles to that instant and gives back what applies",
    "One monthly bill: the base ahead, what was used behind",
    "Months begin on the day of sign-up, clamped and coming back",
    "The first payment authorises later ones; it can be switched off",
    "An order waits 24 hours for its payment; late money goes to the wallet",
    "Trial credit is scoped, expires, and is chosen when paying",
    "Coupons: percent or amount, scope, limits, duration",
    "Credits and coupons are never paid back",
    "A bill below one unit of money is rolled into the next",
    "A negative balance is not yet a debt: due, accrued and rolled are apart",
    "Balance, history and coupons can be seen; memberships are a product",
    "A resource belongs to a project, whose owner pays; moves cut to the second",
    "Each hour is settled in arrears",
    "At zero everything is suspended until money comes",
    "Starting anything needs a minimum balance",
    "Days from suspension to deletion, stopped by payment",
    "After deletion there are days to restore; nothing is charged",
    "Invoices arise from top-ups, and hold only those",
    "Costs by project, with every item",
    "Top-ups at the provider's checkout, credited once",
    "A top-up has a least and a most",
    "Company details decide the tax",
    "Auto-refill: threshold, amount, cool-down, ceiling, off after failures",
    "Invoices can be listed and downloaded",
    "A trial: days, credit, so many services, some excluded",
    "A trial once for each customer, and not with prepaid cards",
    "A trial that ends becomes a payment, within bounds",
    "What a trial made is destroyed after the credit ran out",
    "Direct debit: by country, spending and age of the account",
    "The burn rate is a figure, and low credit is told by days left",
    "White label: name, logo, sender, pages",
    "Pay as you go, nothing up front",
    "Rate less discount times seconds; list, discount and net apart",
    "Rentals in whole weeks, the started one counted",
    "Input tokens, output tokens and calls; failed calls are free",
    "Storage costs its size over time",
    "Bills come regularly and list use and cost",
    "Bills can be downloaded",
    "Costs can be analysed by what they are made of",
    "Cards are bound",
    "Large sums need a bank transfer, matched by its reference",
    "Reminders after a bill and when a threshold is crossed",
    "Methods are watched; a failed one falls back to the next",
    "A bill can be disputed for some working days",
    "Overdue bills cost a late fee, and lead to suspension",
    "An account's standing can be seen",
    "Self-service top-ups up to a bound",
    "Payment by QR code, with an expiry",
    "A top-up pays arrears first",
    "Unused cash is paid back on request, gifts never",
    "Invoices after consumption, on request, each record once",
    "Bills are filtered by date, kind, project, user and more",
    "A detailed bill comes by mail as a file",
    "Projects of one's own, and those one takes part in",
    "The balance is deducted every few minutes, and stands still between",
    "A job keeps the price it was submitted at",
    "A node takes the price of each start",
    "Nodes cost until they stop; a kept disk goes on",
    "A free size of space for each user",
    "A free size for each project, and more to buy",
    "Public prices and estimates",
    "Bought space that ends: within the free size nothing, above it a grace, then deletion",
    "In that grace: reminders, and no new writes",
    "A failed renewal has the same grace, and is tried again",
    "The customer's own alert threshold, once for each crossing",
    "At zero no new jobs; those that run may finish",
    "Two languages, quotas, working together",
    "The balance, orders, bills and use with a full trail",
    "Whole seconds, settled on the hour; cuts change nothing",
    "Billing begins when it runs, not while it is queued",
    "Events cut precisely, and never count twice",
    "What our own failures spoilt is voided",
    "What is not heard of is billed to when it was last alive",
    "A grace at zero, down to a floor",
    "Pay as you go for containers, settled on the hour and at once at a stop",
    "Subscriptions give back what was not used",
    "At the expiry: renew, stop or convert",
    "Storage beyond a free size of the whole account, hourly",
    "Token models are billed by month, and accrue at once",
    "Image models: only what succeeded",
    "A private model after a resize: the new configuration from that second",
    "Bills are queried with every field",
    "Every rule is public",
    "Members with wallets of their own",
    "Clouds differ by configuration alone",
    "Every script prints: Chinese, the yuan, the euro",
    "A refund policy that is shown and followed",
    "Prepaid or postpaid for each account",
    "One currency for each account",
];

/// Each rule, the scenarios that prove it, and whether they pass.
pub fn table(told: &[Told]) -> String {
    let mut text = String::new();
    let (mut proven, mut failing, mut missing) = (0, 0, 0);
    for (number, rule) in (1_u16..).zip(RULES) {
        let by: Vec<&Told> = told.iter().filter(|told| told.rules.contains(&number)).collect();
        let word = if by.is_empty() {
            missing += 1;
            "missing"
        } else if by.iter().all(|told| told.passed) {
            proven += 1;
            "pass"
        } else {
            failing += 1;
            "FAIL"
        };
        let _ = writeln!(text, "{:<5} {word:<8} {rule}", format!("R{number}"));
        for told in by {
            let _ = writeln!(text, "{:14} {} {}", "", if told.passed { "pass" } else { "FAIL" }, told.file);
        }
    }
    let _ = writeln!(text, "\n{proven} rules proven, {failing} failing, {missing} missing");
    text
}

/// `docs/clouds.md`: each rule, the keys of the clouds' files that say so, and the stories that prove it. `root`: where `clouds` and `scenarios` lie.
pub fn document(root: &Path) -> Result<String, Failure> {
    let keys = keys_by_rule(root)?;
    let stories = stories_by_rule(root)?;
    let mut text = String::from(HEAD);
    for (number, rule) in (1_u16..).zip(RULES) {
        let _ = write!(text, "\n### R{number} {rule}\n\n");
        for (cloud, keys) in keys.get(&number).into_iter().flatten() {
            let told: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            let _ = writeln!(text, "- configured: {cloud}: {}", told.join(", "));
        }
        for (title, path) in stories.get(&number).into_iter().flatten() {
            let _ = writeln!(text, "- proven: [{title}](../{path})");
        }
    }
    Ok(text)
}

const HEAD: &str = "# Every rule, where it is configured, and what proves it

This page is made from the rules' table, the comments in `clouds/*/cloud.toml` and `catalog.toml` that name a rule, and the `rules` lines of the stories;
a test holds it to them (`FARTHING_SNAPSHOTS=write cargo test -p farthing --test scenarios` writes it anew). `farthing test --rules clouds scenarios`
plays the stories and says which rules are proven. A rule without a key is no cloud's choice: the engine has it for all of them.
";

type Keys = BTreeMap<u16, BTreeMap<String, BTreeSet<String>>>;

/// The keys that a comment behind them, or above them, says to be a rule's.
fn keys_by_rule(root: &Path) -> Result<Keys, Failure> {
    let mut found = Keys::new();
    let clouds = root.join("clouds");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&clouds)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    folders.sort();
    for folder in folders.into_iter().filter(|folder| folder.join(POLICY_FILE).exists()) {
        let cloud = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for file in [POLICY_FILE, CATALOG_FILE] {
            let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
            for (key, rule) in keys_of(&text) {
                found.entry(rule).or_default().entry(cloud.clone()).or_default().insert(key);
            }
        }
    }
    Ok(found)
}

/// Each key of a file with each rule that its comment names. A comment on a line of its own is about the section or key below it.
fn keys_of(text: &str) -> Vec<(String, u16)> {
    let (mut section, mut product) = (String::new(), String::new());
    let mut above: Vec<u16> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let (said, comment) = parted(line);
        let mut rules = rules_in(comment);
        let said = said.trim();
        if said.is_empty() {
            // What is above an empty line is about the file.
            above = if comment.is_empty() { Vec::new() } else { [above, rules].concat() };
            continue;
        }
        rules.append(&mut above);
        let key = if said.starts_with('[') {
            said.trim_matches(['[', ']']).clone_into(&mut section);
            if section == "product" {
                product.clear();
            }
            section.clone()
        } else {
            let (key, value) = said.split_once('=').map_or((said, ""), |(key, value)| (key.trim(), value.trim()));
            if key == "id" && section == "product" {
                value.trim_matches('"').clone_into(&mut product);
            }
            format!("{section}.{key}")
        };
        let of =
            if section.starts_with("product") && !product.is_empty() { format!("{product}: ") } else { String::new() };
        found.extend(rules.into_iter().map(|rule| (format!("{of}{}", key.trim_start_matches('.')), rule)));
    }
    found
}

/// What stands before a comment, and the comment.
fn parted(line: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'#' if !quoted => return (&line[..at], &line[at..]),
            _ => {}
        }
    }
    (line, "")
}

fn rules_in(comment: &str) -> Vec<u16> {
    let words = comment.split(|letter: char| !letter.is_ascii_alphanumeric());
    let numbers = words.filter_map(|word| word.strip_prefix('R')?.parse().ok());
    numbers.filter(|number| (1..=RULES.len()).contains(&usize::from(*number))).collect()
}

type Stories = BTreeMap<u16, Vec<(String, String)>>;

fn stories_by_rule(root: &Path) -> Result<Stories, Failure> {
    let mut found = Stories::new();
    for path in report::find(&[root.join("clouds"), root.join("scenarios")])? {
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let source = Source::new(shown.clone(), std::fs::read_to_string(&path)?);
        let story =
            read(&source, &path).map_err(|_| format!("{shown} cannot be read: `farthing test {shown}` says why"))?;
        for rule in &story.rules {
            found.entry(*rule).or_default().push((story.title.clone(), shown.clone()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::keys_of;

    #[test]
    fn keys_are_found_by_the_comments_behind_and_above_them() {
        let text = "# A file about R1.\n\n[brand] # R42\nname = \"a # R9\"   # R42: the name\n# R56: the next\n# and R57\nlate = 1\nlast = 2\n\n\
            [[product]]\nid = \"gpu\"\nkind = \"running\"  # R44, R43\n[[product.sku]]\nprice = \"1\"   # R2\n";
        let found: Vec<String> = keys_of(text).into_iter().map(|(key, rule)| format!("{key} R{rule}")).collect();
        let told = [
            "brand R42",
            "brand.name R42",
            "brand.late R56",
            "brand.late R57",
            "gpu: product.kind R44",
            "gpu: product.kind R43",
            "gpu: product.sku.price R2",
        ];
        assert_eq!(found, told);
    }
}
