//! The rules that scenarios prove, by number and a line each, and the table of which of them are proven.

use super::report::Told;
use std::fmt::Write;

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
