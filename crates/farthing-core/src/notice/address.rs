//! Where webhooks may be sent. Whoever may name an address could otherwise make this server knock at doors that only it can reach:
//! the database beside it, the address from which a cloud's machines get their own credentials.
//!
//! The text of an address is judged when it is given; what its name resolves to is judged at every sending, for the very connection
//! that is opened, because names can be pointed elsewhere meanwhile.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far webhooks may reach beyond the public network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses over https, and nothing else.
    Public,
    /// And this machine itself where the address says so (`http://localhost:…`): for trying things out.
    #[default]
    Loopback,
    /// Any address, http too: where the receivers are on a private network.
    Private,
}

/// An address that may be sent to, as far as its text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookUrl(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    TooLong,
    NoUrl,
    Scheme,
    Userinfo,
    Fragment,
    NotHttps,
    Private,
}

const LENGTH_MAX: usize = 2_000;

impl WebhookUrl {
    pub fn parse(text: &str, reach: Reach) -> Result<WebhookUrl, UrlError> {
        if text.len() > LENGTH_MAX {
            return Err(UrlError::TooLong);
        }
        // What the wire could read otherwise than we do is no address.
        if text.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || b"\\\"<>^`{|}".contains(&byte)) {
            return Err(UrlError::NoUrl);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoUrl)?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        if text.contains('#') {
            return Err(UrlError::Fragment);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::Userinfo);
        }
        let host = host_of(authority).ok_or(UrlError::NoUrl)?;
        let local = is_loopback_name(&host);
        if !https && reach != Reach::Private && !(local && reach == Reach::Loopback) {
            return Err(UrlError::NotHttps);
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if (local && reach == Reach::Public) || literal.is_some_and(|ip| !may_reach(ip, &host, reach)) {
            return Err(UrlError::Private);
        }
        Ok(WebhookUrl(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a connection to what `host` resolved to may be opened.
pub fn may_reach(ip: IpAddr, host: &str, reach: Reach) -> bool {
    match reach {
        Reach::Private => true,
        // A public name that points at this machine is not what says that it means this machine.
        Reach::Loopback => is_public(ip) || (ip.is_loopback() && is_loopback_name(host)),
        Reach::Public => is_public(ip),
    }
}

/// Whether an address belongs to the public network: not to this machine, a private or a link-local network, or to what is reserved.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b); // of providers, RFC 6598
    let assigned = a == 192 && b == 0 && c == 0; // RFC 6890
    let benchmark = a == 198 && (b == 18 || b == 19);
    let relay = a == 192 && b == 88 && c == 99;
    !(a == 0
        || a >= 224
        || shared
        || assigned
        || benchmark
        || relay
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    // An IPv4 address in other clothes is judged as what it is: mapped, compatible, NAT64, 6to4.
    let tail = || Ipv4Addr::from(u32::from(segments[6]) << 16 | u32::from(segments[7]));
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(tail()),
        [0x2002, high, low, ..] => is_public_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        // Global unicast is 2000::/3; of it Teredo, documentation and the like are nobody's.
        [0x2001, second, ..] => second > 0x01ff && second != 0x0db8,
        [0x3fff, second, ..] => second > 0x0fff,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Without its port. Brackets of an IPv6 address stay.
fn host_of(authority: &str) -> Option<String> {
    let (host, port) = if authority.starts_with('[') {
        let end = authority.find(']')?;
        authority.split_at(end.checked_add(1)?)
    } else {
        authority.split_at(authority.find(':').unwrap_or(authority.len()))
    };
    let port_fits = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.parse::<u16>().is_ok_and(|port| port > 0),
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(named),
    };
    // `http://2130706433` and `http://0x7f.1` are numbers to some resolvers: whoever means an address writes it plainly.
    let last = host.rsplit('.').find(|part| !part.is_empty()).unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.to_ascii_lowercase().starts_with("0x");
    let plain = host.starts_with('[') || !numeric || host.parse::<Ipv4Addr>().is_ok();
    (port_fits && fits && plain).then(|| host.to_owned())
}

impl fmt::Display for UrlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            UrlError::TooLong => "an address has at most 2000 characters",
            UrlError::NoUrl => "this is no address: write it as https://billing.example.com/hooks",
            UrlError::Scheme => "webhooks go over https: write the address as https://…",
            UrlError::Userinfo => "an address holds no user and no password: the signature says who sends",
            UrlError::Fragment => "an address to send to has no part after #: leave it out",
            UrlError::NotHttps => {
                "webhooks go over https; over http only to this machine itself, or where the server's setting webhooks.reach is \"private\""
            }
            UrlError::Private => {
                "this address is not on the public network; the server's setting webhooks.reach says how far webhooks go"
            }
        })
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, public: Result<(), UrlError>, loopback: Result<(), UrlError>, private: Result<(), UrlError>) {
        let parse = |reach| WebhookUrl::parse(url, reach).map(drop);
        assert_eq!(
            [parse(Reach::Public), parse(Reach::Loopback), parse(Reach::Private)],
            [public, loopback, private],
            "{url}"
        );
    }

    #[test]
    fn an_address_is_public_unless_a_setting_says_otherwise() {
        use UrlError::{Fragment, NoUrl, NotHttps, Private, Scheme, Userinfo};
        for url in ["https://billing.example.com/hooks?a=1", "https://1.1.1.1", "https://[2606:4700::1111]:8443/x"] {
            check(url, Ok(()), Ok(()), Ok(()));
        }
        check("http://billing.example.com/", Err(NotHttps), Err(NotHttps), Ok(()));
        check("http://localhost:9000/x", Err(NotHttps), Ok(()), Ok(()));
        check("http://127.0.0.1:9000/x", Err(NotHttps), Ok(()), Ok(()));
        check("http://[::1]:9000/x", Err(NotHttps), Ok(()), Ok(()));
        check("https://localhost", Err(Private), Ok(()), Ok(()));
        for url in [
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://192.168.1.1",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            check(url, Err(Private), Err(Private), Ok(()));
        }
        for (url, error) in [
            ("ftp://example.com", Scheme),
            ("https://user:pass@example.com", Userinfo),
            ("https://example.com/#x", Fragment),
            ("https://", NoUrl),
            ("example.com", NoUrl),
            ("https://exa mple.com", NoUrl),
            ("https://2130706433/", NoUrl),
            ("https://0x7f.0x1/", NoUrl),
            ("https://127.1/", NoUrl),
            ("https://example.com:0/", NoUrl),
            ("https://example.com:99999/", NoUrl),
            ("https://[::1/", NoUrl),
            ("https://example.com\\@10.0.0.1/", NoUrl),
        ] {
            check(url, Err(error), Err(error), Err(error));
        }
    }

    #[test]
    fn a_public_name_that_points_inside_is_not_followed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(may_reach(ip("93.184.215.14"), "example.com", Reach::Public));
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "224.0.0.1",
            "255.255.255.255",
            "::",
        ] {
            assert!(!may_reach(ip(inside), "example.com", Reach::Public), "{inside}");
            assert!(!may_reach(ip(inside), "example.com", Reach::Loopback), "{inside}");
            assert!(may_reach(ip(inside), "example.com", Reach::Private), "{inside}");
        }
        assert!(may_reach(ip("127.0.0.1"), "localhost", Reach::Loopback));
        assert!(!may_reach(ip("10.0.0.1"), "localhost", Reach::Loopback));
    }
}
