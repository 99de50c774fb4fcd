//! What in a policy cannot be, though each key by itself can: contradictions, and dangerous steps without an explicit time.

use super::{BillOn, Channel, Policy, Step, TaxPoint, bank_csv, bills::TaxRates};
use crate::bill::NumberFormat;
use crate::config::{Found, Places, Reader, Severity, Value};
use crate::money::Money;
use crate::time::Duration;

type Check = fn(&Policy, &mut Reader<'_>);

pub(super) fn check(policy: &Policy, reader: &mut Reader<'_>) {
    // With the sections that each looks at. Where one of them could not be read whole, that is told, and no conclusion is
    // drawn from the rest.
    let checks: [(&[&str], Check); 12] = [
        (&["ladder"], steps),
        (&["zero", "start"], gates),
        (&["top_up", "sepa"], top_up),
        (&["auto_refill", "top_up"], auto_refill),
        (&["trial", "auto_refill", "top_up"], trial),
        (&["bill", "settle"], bills),
        (&["tax", "brand", "bill"], taxes),
        (&["settle", "monitor"], usage),
        (&["members"], members),
        (&["renewal"], renewal),
        (&["space", "renewal"], space),
        (&["bank"], bank_csv::check),
    ];
    for (sections, check) in checks {
        if reader.is_read(sections) {
            check(policy, reader);
        }
    }
}

pub(super) fn tell(reader: &mut Reader<'_>, places: &Places, key: &str, what: String, remedy: &str) {
    reader.error(places.of(key), what, remedy);
}

fn steps(policy: &Policy, reader: &mut Reader<'_>) {
    let ladder = &policy.ladder;
    // A step that destroys never runs on a time that nobody wrote, nor on zero: a misspelt setting read as 0 days has
    // deleted whole customers elsewhere.
    for (name, step) in [("delete", &ladder.delete), ("purge", &ladder.purge)] {
        let Some(step) = step else { continue };
        if step.after.is_none_or(Duration::is_zero) {
            let at = if step.places.has("after") { step.places.of("after") } else { ladder.places.of(name) };
            let what = format!("`ladder.{name}` destroys, so it needs a time that somebody wrote, longer than zero");
            let after = if name == "delete" { "after = \"3d\" and notices = [\"24h\"]" } else { "after = \"30d\"" };
            reader.error(at, what, format!("write {after} in it, or leave `{name}` out"));
        }
    }
    if let Some(suspend) = &ladder.suspend
        && suspend.after.is_none()
    {
        let what = "`ladder.suspend` does not say when".to_owned();
        tell(reader, &ladder.places, "suspend", what, "write suspend = { after = \"0h\" } to suspend at once");
    }
    let named = [("suspend", &ladder.suspend), ("delete", &ladder.delete), ("purge", &ladder.purge)];
    // A step that destroys after nothing is told above, and is not also told to come too early.
    let after = |name: &str, step: &Option<Step>| {
        let after = step.as_ref().and_then(|step| step.after)?;
        (name == "suspend" || !after.is_zero()).then_some(after)
    };
    let set: Vec<(&str, Duration)> =
        named.iter().filter_map(|(name, step)| Some((*name, after(name, step)?))).collect();
    for pair in set.windows(2) {
        let [(first, first_after), (second, second_after)] = pair else { continue };
        if second_after <= first_after {
            let what = format!(
                "`ladder.{second}` comes {second_after} after the arrears began, which is not after `{first}` at {first_after}"
            );
            let step = named.iter().find(|(name, _)| name == second).and_then(|(_, step)| step.as_ref());
            let at = step.map_or_else(|| ladder.places.of(second), |step| step.places.of("after"));
            reader.error(at, what, format!("give `{second}` a longer time than `{first}`"));
        }
    }
    if ladder.purge.is_some() && ladder.delete.is_none() {
        let what = "`ladder.purge` ends a restore that nothing begins".to_owned();
        tell(reader, &ladder.places, "purge", what, "write `delete` too, or leave `purge` out");
    }
    for (name, step) in named {
        let Some(step) = step else { continue };
        for notice in &step.notices {
            if step.after.is_some_and(|after| !after.is_zero() && *notice > after) {
                let at = step.places.of("notices");
                let what = format!("a notice {notice} before `{name}` would come before the arrears begin");
                reader.error(at, what, format!("write {} at most, or let `{name}` come later", after_text(step)));
            }
        }
    }
    if let Some(delete) = &ladder.delete
        && delete.notices.is_empty()
        && delete.after.is_some_and(|after| !after.is_zero())
    {
        let what = "`ladder.delete` comes without any notice to the customer".to_owned();
        reader.remark(
            Severity::Warning,
            ladder.places.of("delete"),
            what,
            "write notices = [\"72h\", \"24h\", \"2h\"]",
        );
    }
    if let Some(off) = ladder.release_when_off
        && off.is_zero()
    {
        let what = "`ladder.release_when_off` destroys, so it must be longer than zero".to_owned();
        tell(reader, &ladder.places, "release_when_off", what, "write \"15d\", or leave it out");
    }
}

fn gates(policy: &Policy, reader: &mut Reader<'_>) {
    if policy.zero.block_new_only && policy.start.min_balance.is_some_and(Money::is_zero) {
        let what = "`start.min_balance` is zero, which refuses nothing that `zero.block_new_only` does not".to_owned();
        reader.remark(Severity::Warning, policy.start.places.of("min_balance"), what, "leave it out");
    }
}

fn after_text(step: &Step) -> String {
    step.after.map_or_else(|| "nothing".to_owned(), |after| after.to_string())
}

/// Both are amounts of one policy, so they have one currency.
fn above(one: Money, other: Money) -> bool {
    one.units() > other.units()
}

fn top_up(policy: &Policy, reader: &mut Reader<'_>) {
    let top_up = &policy.top_up;
    if let (Some(min), Some(max)) = (top_up.min, top_up.max)
        && above(min, max)
    {
        let what = format!("`top_up.max` ({}) is less than `top_up.min` ({})", max.plain(), min.plain());
        tell(reader, &top_up.places, "max", what, "no amount would be accepted; raise `max` or lower `min`");
    }
    let has = |channel| top_up.channels.contains(&channel);
    if top_up.bank_transfer_above.is_some() && !has(Channel::BankTransfer) {
        let what = "`top_up.bank_transfer_above` asks for bank transfers, which are not among the channels".to_owned();
        tell(reader, &top_up.places, "bank_transfer_above", what, "add \"bank_transfer\" to `top_up.channels`");
    }
    for (position, channel) in top_up.channels.iter().enumerate() {
        if top_up.channels.iter().take(position).any(|known| known == channel) {
            let what = format!("`top_up.channels` names {:?} twice", channel.word());
            let at = reader.source.word(&top_up.places.of("channels"), channel.word(), Found::Last);
            reader.error(at, what, "name each channel once");
        }
    }
    match &policy.sepa {
        Some(sepa) if !has(Channel::SepaDebit) => {
            let what = "`[sepa]` says how to debit, but \"sepa_debit\" is not among the channels".to_owned();
            reader.error(
                sepa.places.whole.clone(),
                what,
                "add \"sepa_debit\" to `top_up.channels`, or leave `[sepa]` out",
            );
        }
        None if has(Channel::SepaDebit) => {
            let what = "\"sepa_debit\" is a channel, but nothing says who may use it".to_owned();
            let at = reader.source.word(&top_up.places.of("channels"), "sepa_debit", Found::First);
            reader.error(at, what, "write a section [sepa], or leave the channel out");
        }
        _ => {}
    }
    for pair in top_up.bonus.windows(2) {
        if let [first, second] = pair
            && !above(second.from, first.from)
        {
            let what = "`top_up.bonus` does not rise from one line to the next".to_owned();
            reader.error(second.places.of("from"), what, "order the lines by `from`, each once");
        }
    }
    if let (Some(above_this), Some(max)) = (top_up.bank_transfer_above, top_up.max)
        && above(above_this, max)
    {
        let what = format!(
            "`top_up.bank_transfer_above` ({}) is more than `top_up.max` ({}), so it never holds",
            above_this.plain(),
            max.plain()
        );
        tell(reader, &top_up.places, "bank_transfer_above", what, "write less than `max`, or leave it out");
    }
}

fn auto_refill(policy: &Policy, reader: &mut Reader<'_>) {
    let Some(refill) = &policy.auto_refill else { return };
    let top_up = &policy.top_up;
    let bounds_cross = matches!((top_up.min, top_up.max), (Some(min), Some(max)) if above(min, max));
    if refill.amount.is_zero() {
        let what = "`auto_refill.amount` is zero".to_owned();
        tell(reader, &refill.places, "amount", what, "write how much is topped up");
    } else if bounds_cross {
        // Told by `top_up`; any amount is outside of such bounds.
    } else if let Some(min) = top_up.min
        && above(min, refill.amount)
    {
        let what =
            format!("`auto_refill.amount` ({}) is less than `top_up.min` ({})", refill.amount.plain(), min.plain());
        tell(reader, &refill.places, "amount", what, "every refill would be refused; raise it");
    } else if let Some(max) = top_up.max
        && above(refill.amount, max)
    {
        let what =
            format!("`auto_refill.amount` ({}) is more than `top_up.max` ({})", refill.amount.plain(), max.plain());
        tell(reader, &refill.places, "amount", what, "every refill would be refused; lower it");
    }
    if let Some(most) = refill.monthly_max
        && !refill.amount.is_zero()
        && above(refill.amount, most)
    {
        let what =
            format!("`auto_refill.monthly_max` ({}) is less than one refill ({})", most.plain(), refill.amount.plain());
        tell(reader, &refill.places, "monthly_max", what, "it would never refill; raise it");
    }
    if refill.cooldown.is_zero() {
        let what = "`auto_refill.cooldown` is zero: a fault could refill without end".to_owned();
        tell(reader, &refill.places, "cooldown", what, "write \"1h\"");
    }
    if refill.off_after_failures.0 == 0 {
        let what = "`auto_refill.off_after_failures` is 0: it would be off from the beginning".to_owned();
        tell(reader, &refill.places, "off_after_failures", what, "write 3");
    }
}

fn trial(policy: &Policy, reader: &mut Reader<'_>) {
    let Some(trial) = &policy.trial else { return };
    if trial.credit.is_zero() || trial.lasts.is_zero() {
        let key = if trial.credit.is_zero() { "credit" } else { "lasts" };
        tell(
            reader,
            &trial.places,
            key,
            format!("`trial.{key}` is zero, so nothing is given"),
            "write more, or leave `[trial]` out",
        );
        return;
    }
    for notice in &trial.notices {
        if *notice >= trial.lasts {
            let what = format!("a notice {notice} before the end of a trial of {} comes before it begins", trial.lasts);
            tell(reader, &trial.places, "notices", what, "announce the end later, or let the trial last longer");
        }
    }
    if trial.destroy_after_run_out.is_some_and(Duration::is_zero) {
        let what = "`trial.destroy_after_run_out` destroys, so it must be longer than zero".to_owned();
        tell(reader, &trial.places, "destroy_after_run_out", what, "write \"24h\", or leave it out");
    }
    let Some(convert) = &trial.convert else { return };
    if above(convert.min, convert.max) {
        let what =
            format!("`trial.convert.max` ({}) is less than `min` ({})", convert.max.plain(), convert.min.plain());
        tell(reader, &convert.places, "max", what, "raise `max` or lower `min`");
        return;
    }
    if convert.only_with_refill && policy.auto_refill.is_none() {
        let what = "`trial.convert` only happens with auto-refill, which this cloud has not".to_owned();
        tell(
            reader,
            &convert.places,
            "only_with_refill",
            what,
            "write a section [auto_refill], or only_with_refill = false in `trial.convert`",
        );
    }
    if matches!((policy.top_up.min, policy.top_up.max), (Some(min), Some(max)) if above(min, max)) {
        return;
    }
    for (key, amount) in [("min", convert.min), ("max", convert.max)] {
        let below = policy.top_up.min.is_some_and(|min| above(min, amount));
        if below || policy.top_up.max.is_some_and(|max| above(amount, max)) {
            let what = format!("`trial.convert.{key}` ({}) lies outside the bounds of `[top_up]`", amount.plain());
            tell(reader, &convert.places, key, what, "a conversion is a top-up: keep it within them");
        }
    }
}

fn bills(policy: &Policy, reader: &mut Reader<'_>) {
    let bill = &policy.bill;
    let on = |what| bill.on.contains(&what);
    if on(BillOn::Threshold) != bill.threshold.is_some() {
        let (what, remedy) = if bill.threshold.is_some() {
            (
                "`bill.threshold` is set, but bills do not arise from it",
                "add \"threshold\" to `bill.on`, or leave it out",
            )
        } else {
            (
                "bills arise from a threshold that is not set",
                "write threshold = \"100.00\" in [bill], or leave \"threshold\" out",
            )
        };
        let at = if bill.threshold.is_some() {
            bill.places.of("threshold")
        } else {
            reader.source.word(&bill.places.of("on"), "threshold", Found::First)
        };
        reader.error(at, what, remedy);
    }
    if let Some(number) = &bill.number
        && let Err(error) = NumberFormat::parse(&number.0)
    {
        tell(reader, &bill.places, "number", error.to_string(), error.remedy());
    }
    if bill.request_sla.is_some() && !on(BillOn::Request) {
        let what = "`bill.request_sla` is a time for requested invoices, which this cloud does not issue".to_owned();
        tell(reader, &bill.places, "request_sla", what, "add \"request\" to `bill.on`, or leave it out");
    }
    if on(BillOn::Request) && policy.tax.rates != TaxRates::Absent {
        let what = "invoices on request are of what was paid already, and taxes are not among it".to_owned();
        tell(reader, &bill.places, "on", what, "leave \"request\" out, or write `tax.rates = \"none\"`");
    }
    if bill.roll_below.is_some() && !on(BillOn::Cycle) {
        let what = "`bill.roll_below` rolls small bills into the next one, but there is no bill of a cycle".to_owned();
        tell(reader, &bill.places, "roll_below", what, "add \"cycle\" to `bill.on`, or leave it out");
    }
    if let Some(fee) = &bill.late_fee
        && fee.daily_percent > fee.cap_percent
    {
        let what = format!("the late fee of one day ({}) is above its cap ({})", fee.daily_percent, fee.cap_percent);
        tell(reader, &fee.places, "cap_percent", what, "raise the cap, or lower `daily_percent`");
    }
    // Documents of a period are issued once it has collected: before the next one ends, or they would overtake each other.
    let shortest = Duration::from_seconds(u32::from(bill.cycle.months()).saturating_mul(28 * 86_400));
    if policy.settle.late_window >= shortest {
        let what = format!(
            "`settle.late_window` ({}) is as long as a billing period ({})",
            policy.settle.late_window, bill.cycle
        );
        tell(reader, &policy.settle.places, "late_window", what, "write a few days, such as \"3d\"");
    }
    if bill.order_valid.is_zero() {
        let what = "`bill.order_valid` is zero: no order could ever be paid".to_owned();
        tell(reader, &bill.places, "order_valid", what, "write \"24h\"");
    }
}

fn taxes(policy: &Policy, reader: &mut Reader<'_>) {
    let tax = &policy.tax;
    if (tax.rates == TaxRates::Own) == tax.rate.is_empty() {
        let (key, what, remedy) = if tax.rate.is_empty() {
            ("rates", "`tax.rates` is \"own\", but there is no [[tax.rate]]", "write a [[tax.rate]] for each country")
        } else {
            (
                "rates",
                "there are [[tax.rate]] rows, but `tax.rates` does not ask for them",
                "write rates = \"own\" in [tax]",
            )
        };
        let at = tax.rate.first().map_or_else(|| tax.places.of(key), |rate| rate.places.whole.clone());
        reader.error(at, what, remedy);
    }
    if tax.reverse_charge && tax.rates == TaxRates::Absent {
        let what = "`tax.reverse_charge` moves a tax that is never charged".to_owned();
        tell(reader, &tax.places, "reverse_charge", what, "write rates = \"eu\" or \"own\", or leave it out");
    }
    if tax.rates != TaxRates::Absent && policy.brand.country.is_none() {
        let what = "`tax.rates` charges taxes, but nothing says where the cloud is".to_owned();
        tell(reader, &tax.places, "rates", what, "write country = \"IE\", or whichever it is, in [brand]");
    }
    if tax.tax_point == TaxPoint::TopUp && tax.rates != TaxRates::Absent && !policy.bill.on.contains(&BillOn::TopUp) {
        let what = "`tax.tax_point` is the top-up, but a top-up makes no invoice".to_owned();
        tell(reader, &tax.places, "tax_point", what, "add \"top_up\" to `bill.on`");
    }
    for (position, rate) in tax.rate.iter().enumerate() {
        if tax.rate.iter().take(position).any(|known| known.label() == rate.label()) {
            let what = format!("there are two rates of tax for {}", rate.label().unwrap_or_default());
            reader.error(rate.places.of("country"), what, "give the later one another `from`, or leave it out");
        }
    }
}

fn usage(policy: &Policy, reader: &mut Reader<'_>) {
    let settle = &policy.settle;
    if settle.dedupe_days < settle.accept_days {
        let what = format!(
            "`settle.dedupe_days` ({}) is less than `settle.accept_days` ({}): an event could be accepted twice",
            settle.dedupe_days.0, settle.accept_days.0
        );
        let key = if settle.places.has("dedupe_days") { "dedupe_days" } else { "accept_days" };
        let remedy = format!("write dedupe_days = {} or more", settle.accept_days.0);
        tell(reader, &settle.places, key, what, &remedy);
    }
    let monitor = &policy.monitor;
    if let (Some(heartbeat), Some(missing)) = (monitor.heartbeat, monitor.missing_after)
        && missing <= heartbeat
    {
        let what = format!("`monitor.missing_after` ({missing}) is not longer than one heartbeat ({heartbeat})");
        tell(
            reader,
            &monitor.places,
            "missing_after",
            what,
            "everything would be missing; write at least two heartbeats",
        );
    }
    if monitor.inventory.is_some_and(Duration::is_zero) {
        let what = "`monitor.inventory` is zero: the cloud would list everything without a pause".to_owned();
        tell(reader, &monitor.places, "inventory", what, "write \"24h\", or leave it out");
    }
    for (key, time) in [("heartbeat", monitor.heartbeat), ("provision_within", monitor.provision_within)] {
        if time.is_some_and(Duration::is_zero) {
            let what = format!("`monitor.{key}` is zero, so nothing could ever be in time");
            tell(reader, &monitor.places, key, what, "write \"5m\", or leave it out");
        }
    }
    if monitor.missing_after.is_some() && monitor.heartbeat.is_none() {
        let what = "`monitor.missing_after` waits for heartbeats that are not asked for".to_owned();
        tell(reader, &monitor.places, "missing_after", what, "write heartbeat = \"5m\" in [monitor]");
    }
}

fn members(policy: &Policy, reader: &mut Reader<'_>) {
    if policy.members.low_balance.is_some() && !policy.members.wallets {
        let what = "`members.low_balance` is a threshold of wallets that members cannot have".to_owned();
        tell(reader, &policy.members.places, "low_balance", what, "write wallets = true, or leave it out");
    }
    if policy.members.wallets && policy.members.quotas {
        let what = "a member has either a wallet or a quota".to_owned();
        tell(
            reader,
            &policy.members.places,
            "quotas",
            what,
            "set one of `members.wallets` and `members.quotas` to false",
        );
    }
}

fn renewal(policy: &Policy, reader: &mut Reader<'_>) {
    let renewal = &policy.renewal;
    if renewal.every.is_zero() {
        let what = "`renewal.every` is zero: attempts would follow each other without a pause".to_owned();
        tell(reader, &renewal.places, "every", what, "write \"24h\"");
    }
}

fn space(policy: &Policy, reader: &mut Reader<'_>) {
    let Some(space) = &policy.space else { return };
    if space.grace.is_zero() {
        let what = "`space.grace` ends in a deletion, so it must be longer than zero".to_owned();
        tell(reader, &space.places, "grace", what, "write \"30d\"");
        return;
    }
    let renewal = &policy.renewal;
    if renewal.attempts_until > space.grace {
        let what = format!(
            "`renewal.attempts_until` ({}) goes on after `space.grace` ({}), when the files are deleted",
            renewal.attempts_until, space.grace
        );
        let remedy = format!("write \"{}\" at most, or a longer `grace`", space.grace);
        tell(reader, &renewal.places, "attempts_until", what, &remedy);
    }
    for reminder in &space.reminders {
        if *reminder > space.grace {
            let what =
                format!("a reminder {reminder} before the end of a grace of {} comes before it begins", space.grace);
            tell(reader, &space.places, "reminders", what, "shorten it, or lengthen `grace`");
        }
    }
}
