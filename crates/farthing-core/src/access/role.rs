//! Who may do what in the consoles: roles, deeds, and one table of both.
//!
//! Two tables, because two kinds of people come: a customer's, each with a role in an account or in one project of it, and the cloud's own
//! operators. Nobody is both: an operator who is also a customer signs in twice. Keys have scopes instead (`scope.rs`).

use std::fmt;

/// What a person is to a customer's account, or to one project of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Whose account it is.
    Payer,
    /// Does everything the payer does, for them.
    Admin,
    /// Money and papers, not resources.
    Finance,
    /// Uses resources and orders what they need; sees no papers.
    Member,
    /// Looks.
    Viewer,
}

/// What a person is to the cloud that runs this, or to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorRole {
    /// Everything, and says who the operators are.
    Owner,
    /// Runs it: prices, accounts, deliveries.
    Operator,
    /// Money: the bank, refunds, bills, revenue.
    Finance,
    /// Answers customers: looks everywhere at what concerns them, helps in small things.
    Support,
}

/// What customers' people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// What is used and what it costs.
    SeeCosts,
    /// What is there to spend, and until when.
    SeeBalance,
    /// Bills, receipts, statements, payments.
    SeePapers,
    /// Costs and papers as files.
    Export,
    /// Top up, pay a bill, redeem a coupon.
    Pay,
    /// What is paid with, refills, mandates.
    SetMethods,
    AskRefund,
    DisputeBill,
    /// Orders, subscriptions, units.
    Order,
    StopResource,
    /// Budgets, alerts, limits.
    SetLimits,
    /// Company and tax facts, whom to write to.
    SetCompany,
    /// Who else comes here, and as what.
    SetPeople,
}

/// What operators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorDeed {
    SeeAccounts,
    /// Revenue, receivables, the ledger, the bank.
    SeeMoney,
    SeeAudit,
    /// Credit, waivers, trials, limits.
    HelpAccount,
    /// Refunds, payments that wait, disputes, invoices.
    DecideMoney,
    /// Bank statements and whose a movement is.
    MatchBank,
    /// Keeps, brakes, steps.
    SetStanding,
    /// Prices and policy.
    ApplyPolicy,
    /// Keys, endpoints, what is sent again.
    SetDeliveries,
    /// The people of customers.
    SetPeople,
    SetOperators,
}

/// Yes and no, so that the tables below are read at a glance.
const Y: bool = true;
const N: bool = false;

/// A line a deed:                             payer admin finance member viewer
#[rustfmt::skip]
const CUSTOMERS: [(Deed, [bool; 5]); 13] = [
    (Deed::SeeCosts,                         [Y,    Y,    Y,      Y,     Y]),
    (Deed::SeeBalance,                       [Y,    Y,    Y,      Y,     Y]),
    (Deed::SeePapers,                        [Y,    Y,    Y,      N,     N]),
    (Deed::Export,                           [Y,    Y,    Y,      Y,     Y]),
    (Deed::Pay,                              [Y,    Y,    Y,      N,     N]),
    (Deed::SetMethods,                       [Y,    Y,    Y,      N,     N]),
    (Deed::AskRefund,                        [Y,    Y,    Y,      N,     N]),
    (Deed::DisputeBill,                      [Y,    Y,    Y,      N,     N]),
    (Deed::Order,                            [Y,    Y,    N,      Y,     N]),
    (Deed::StopResource,                     [Y,    Y,    N,      Y,     N]),
    (Deed::SetLimits,                        [Y,    Y,    Y,      N,     N]),
    (Deed::SetCompany,                       [Y,    Y,    Y,      N,     N]),
    (Deed::SetPeople,                        [Y,    Y,    N,      N,     N]),
];

/// A line a deed:                                     owner operator finance support
#[rustfmt::skip]
const OPERATORS: [(OperatorDeed, [bool; 4]); 11] = [
    (OperatorDeed::SeeAccounts,                      [Y,    Y,       Y,      Y]),
    (OperatorDeed::SeeMoney,                         [Y,    Y,       Y,      N]),
    (OperatorDeed::SeeAudit,                         [Y,    Y,       Y,      N]),
    (OperatorDeed::HelpAccount,                      [Y,    Y,       Y,      Y]),
    (OperatorDeed::DecideMoney,                      [Y,    Y,       Y,      N]),
    (OperatorDeed::MatchBank,                        [Y,    Y,       Y,      N]),
    (OperatorDeed::SetStanding,                      [Y,    Y,       N,      Y]),
    (OperatorDeed::ApplyPolicy,                      [Y,    Y,       N,      N]),
    (OperatorDeed::SetDeliveries,                    [Y,    Y,       N,      N]),
    (OperatorDeed::SetPeople,                        [Y,    Y,       N,      Y]),
    (OperatorDeed::SetOperators,                     [Y,    N,       N,      N]),
];

/// Whether somebody with this role in an account may do this there.
pub fn may(role: Role, deed: Deed) -> bool {
    let place = Role::ALL.iter().position(|known| *known == role);
    let line = CUSTOMERS.iter().find(|(known, _)| *known == deed);
    line.zip(place).and_then(|((_, line), place)| line.get(place)).copied().unwrap_or(false)
}

/// The same for operators.
pub fn operator_may(role: OperatorRole, deed: OperatorDeed) -> bool {
    let place = OperatorRole::ALL.iter().position(|known| *known == role);
    let line = OPERATORS.iter().find(|(known, _)| *known == deed);
    line.zip(place).and_then(|((_, line), place)| line.get(place)).copied().unwrap_or(false)
}

/// Whether somebody may give a role to another, or take it from them: nobody but a payer makes or unmakes one.
pub fn may_give(giver: Role, given: Role) -> bool {
    may(giver, Deed::SetPeople) && (given != Role::Payer || giver == Role::Payer)
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Payer, Role::Admin, Role::Finance, Role::Member, Role::Viewer];

    pub const fn name(self) -> &'static str {
        match self {
            Role::Payer => "payer",
            Role::Admin => "admin",
            Role::Finance => "finance",
            Role::Member => "member",
            Role::Viewer => "viewer",
        }
    }

    /// A cloud gives its members roles of its own words as well: one that we do not know opens nothing. `owner` is the payer.
    pub fn parse(text: &str) -> Option<Role> {
        if text == "owner" {
            return Some(Role::Payer);
        }
        Role::ALL.into_iter().find(|role| role.name() == text)
    }

    /// What they may do, in the order of the table.
    pub fn deeds(self) -> Vec<Deed> {
        CUSTOMERS.iter().map(|(deed, _)| *deed).filter(|deed| may(self, *deed)).collect()
    }
}

impl OperatorRole {
    pub const ALL: [OperatorRole; 4] =
        [OperatorRole::Owner, OperatorRole::Operator, OperatorRole::Finance, OperatorRole::Support];

    pub const fn name(self) -> &'static str {
        match self {
            OperatorRole::Owner => "owner",
            OperatorRole::Operator => "operator",
            OperatorRole::Finance => "finance",
            OperatorRole::Support => "support",
        }
    }

    pub fn parse(text: &str) -> Option<OperatorRole> {
        OperatorRole::ALL.into_iter().find(|role| role.name() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for OperatorRole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_a_payer_may_a_viewer_may_not() {
        let check = |role: Role, may_not: &[Deed]| {
            let denied: Vec<Deed> = CUSTOMERS.iter().map(|(deed, _)| *deed).filter(|deed| !may(role, *deed)).collect();
            assert_eq!(denied, may_not, "{role}");
        };
        check(Role::Payer, &[]);
        check(Role::Admin, &[]);
        check(Role::Finance, &[Deed::Order, Deed::StopResource, Deed::SetPeople]);
        let money = [
            Deed::SeePapers,
            Deed::Pay,
            Deed::SetMethods,
            Deed::AskRefund,
            Deed::DisputeBill,
            Deed::SetLimits,
            Deed::SetCompany,
        ];
        check(Role::Member, &[&money[..], &[Deed::SetPeople]].concat());
        assert_eq!(Role::Viewer.deeds(), [Deed::SeeCosts, Deed::SeeBalance, Deed::Export]);
    }

    #[test]
    fn nobody_but_a_payer_makes_a_payer() {
        let givers = |given| Role::ALL.into_iter().filter(move |giver| may_give(*giver, given)).collect::<Vec<Role>>();
        assert_eq!(givers(Role::Payer), [Role::Payer]);
        assert_eq!(givers(Role::Viewer), [Role::Payer, Role::Admin]);
    }

    #[test]
    fn only_an_owner_says_who_the_operators_are() {
        let who = OperatorRole::ALL.into_iter().filter(|role| operator_may(*role, OperatorDeed::SetOperators));
        assert_eq!(who.collect::<Vec<_>>(), [OperatorRole::Owner]);
        assert!(!operator_may(OperatorRole::Support, OperatorDeed::DecideMoney));
        assert!(operator_may(OperatorRole::Finance, OperatorDeed::MatchBank));
    }

    #[test]
    fn each_deed_has_one_line() {
        assert_eq!(CUSTOMERS.iter().map(|(deed, _)| *deed).collect::<BTreeSet<_>>().len(), CUSTOMERS.len());
        assert_eq!(OPERATORS.iter().map(|(deed, _)| *deed).collect::<BTreeSet<_>>().len(), OPERATORS.len());
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        for role in OperatorRole::ALL {
            assert_eq!(OperatorRole::parse(role.name()), Some(role));
        }
        assert_eq!(Role::parse("owner"), Some(Role::Payer));
        for other in ["", "Payer", "developer", "root"] {
            assert_eq!(Role::parse(other), None, "{other}");
        }
    }
}
