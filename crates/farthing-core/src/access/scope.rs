//! What a key may do. Four scopes, because four kinds of program hold keys: what meters, what shows, what sells, what runs it.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Report usage and what happens to resources.
    Ingest,
    /// Read everything but keys, webhook secrets and the audit log.
    Read,
    /// Change accounts, projects and money.
    Write,
    /// Everything: keys, policies, endpoints, the audit log.
    Admin,
}

impl Scope {
    pub const ALL: [Scope; 4] = [Scope::Ingest, Scope::Read, Scope::Write, Scope::Admin];

    pub const fn name(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == text)
    }

    const fn bit(self) -> u8 {
        match self {
            Scope::Ingest => 1,
            Scope::Read => 2,
            Scope::Write => 4,
            Scope::Admin => 8,
        }
    }
}

/// A set of scopes. Whoever may write may read; whoever is an admin may do everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub fn of(scopes: &[Scope]) -> Scopes {
        Scopes(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    pub fn allows(self, scope: Scope) -> bool {
        let has = |scope: Scope| self.0 & scope.bit() != 0;
        has(scope) || has(Scope::Admin) || (scope == Scope::Read && has(Scope::Write))
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As a row keeps it.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    pub fn from_bits(bits: i64) -> Option<Scopes> {
        u8::try_from(bits).ok().filter(|bits| *bits < 16).map(Scopes)
    }

    /// Those that were named, not those that follow.
    pub fn list(self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.0 & scope.bit() != 0).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.list().into_iter().map(Scope::name).collect();
        out.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scope_brings_with_it() {
        let check = |own: &[Scope], allowed: [bool; 4]| {
            assert_eq!(Scope::ALL.map(|scope| Scopes::of(own).allows(scope)), allowed, "{own:?}");
        };
        check(&[], [false; 4]);
        check(&[Scope::Ingest], [true, false, false, false]);
        check(&[Scope::Read], [false, true, false, false]);
        check(&[Scope::Write], [false, true, true, false]);
        check(&[Scope::Ingest, Scope::Write], [true, true, true, false]);
        check(&[Scope::Admin], [true; 4]);
    }

    #[test]
    fn a_row_reads_back() {
        for bits in 0..16 {
            let scopes = Scopes::from_bits(bits).unwrap();
            assert_eq!(Scopes::of(&scopes.list()).bits(), bits);
        }
        assert_eq!(Scopes::from_bits(16), None);
        assert_eq!(Scopes::of(&[Scope::Write, Scope::Ingest]).to_string(), "ingest, write");
    }
}
