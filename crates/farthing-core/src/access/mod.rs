//! Who may ask for what: keys of programs as they are written and kept, with their scopes and how often they may ask; people with their
//! roles, passwords, second factors, and what opens a console to them.
//!
//! Decisions only: keys and people are stored by `farthing-store`, made by the engine, and shown at the door by whoever calls.

mod key;
mod limit;
mod password;
mod role;
mod scope;
mod session;
mod throttle;
mod token;
mod totp;

pub use key::{KeyId, KeyKind, KeyText, KeyTextError, Mode};
pub use limit::{Allowance, Bucket};
pub use password::{HashCost, PASSWORD_MIN, PasswordHash, WeakPassword, judge_password};
pub use role::{Deed, OperatorDeed, OperatorRole, Role, may, may_give, operator_may};
pub use scope::{Scope, Scopes};
pub use session::{
    ENTER_LINK_SECONDS, HALF_WAY, INVITATION_SECONDS, OF_CUSTOMERS, OF_OPERATORS, PASSWORD_LINK_SECONDS, SEEN_SECONDS,
    SessionTerms, SessionTimes,
};
pub use throttle::{OF_ADDRESS, OF_PERSON, Tries, TryLimits};
pub use token::{Opens, PersonId, PersonKind, Token, TokenId, TokenKind};
pub use totp::{RECOVERY_CODES, TotpSecret, recovery_code, recovery_hash};
