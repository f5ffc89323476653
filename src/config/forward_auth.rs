//! What a proxy may ask about the calls it passes on: which call stands for which action on which resource.

use std::fmt;

use serde::Deserialize;

/// How a proxy says which call it asks about. Only what the named one sends is believed: a client may send the headers
/// of every other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proxy {
    /// `X-Original-Method` and `X-Original-URI`, as `auth_request` is set up to send.
    Nginx,
    /// `X-Forwarded-Method` and `X-Forwarded-Uri`, as `forwardAuth` sends.
    Traefik,
    /// The call itself, its path below ours, as `ext_authz` sends it.
    Envoy,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nginx => "nginx",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        })
    }
}

/// What is asked about the calls that a proxy passes on.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardAuth {
    /// The kind of proxy.
    pub proxy: Proxy,
    /// The header in which the proxy names the subject.
    pub subject: String,
    /// Of what type it is.
    #[serde(default = "partner")]
    pub subject_type: String,
    /// Which call is which question.
    pub routes: Vec<ForwardRoute>,
}

/// Calls that are asked about alike.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardRoute {
    /// Their methods.
    pub methods: Vec<String>,
    /// Their path; a part in braces stands for anything, and has a name.
    pub path: String,
    /// What they do.
    pub action: String,
    /// The type and the id of what they do it to; the names in braces are those of the path.
    pub resource: String,
    /// May they have a query, whatever it says?
    #[serde(default)]
    pub any_query: bool,
}

fn partner() -> String {
    "Partner".to_owned()
}

/// Headers that say something else, or that a client sends.
const NO_SUBJECT: [&str; 24] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "referer",
    "traceparent",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-uri",
    "x-real-ip",
    "x-request-id",
];

/// May a part of a path hold it? What a name may: nothing that some reader of a path decodes, drops or splits at.
pub fn is_plain_part(part: &str) -> bool {
    let is_plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~@:+-".contains(&byte));
    !part.is_empty() && is_plain && part.bytes().any(|byte| byte != b'.')
}

/// The name of a part that stands for anything.
pub fn placeholder(part: &str) -> Option<&str> {
    let name = part.strip_prefix('{')?.strip_suffix('}')?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then_some(name)
}

impl ForwardAuth {
    /// What cannot be, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let is_header = self.subject.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if self.subject.is_empty() || !is_header || NO_SUBJECT.contains(&self.subject.to_lowercase().as_str()) {
            return Some(format!(
                "`subject` is `{}`; name a header that the proxy sets and lets no client set",
                self.subject
            ));
        }
        if !is_plain_part(&self.subject_type) {
            return Some(format!("`subject_type` is `{}`; write a type, such as `Partner`", self.subject_type));
        }
        if self.routes.is_empty() {
            return Some(
                "`routes` is empty, so every call would be refused; write one, or leave the table out".to_owned(),
            );
        }
        self.routes.iter().find_map(ForwardRoute::fault).or_else(|| {
            let rest = |place: usize| self.routes.iter().skip(place + 1);
            let mut pairs =
                self.routes.iter().enumerate().flat_map(|(place, one)| rest(place).map(move |other| (one, other)));
            pairs.find(|(one, other)| one.is_unclear_with(other)).map(|(one, other)| {
                format!(
                    "a call could be of `{}` and of `{}`, and neither says more of its path; make one of them plainer",
                    one.path, other.path
                )
            })
        })
    }
}

impl ForwardRoute {
    /// The parts of the path.
    pub fn parts(&self) -> Vec<&str> {
        self.path.strip_prefix('/').unwrap_or(&self.path).split('/').collect()
    }

    /// Does it say everything of a path literally that another route does?
    pub fn is_as_literal_as(&self, other: &Self) -> bool {
        self.parts()
            .iter()
            .zip(other.parts())
            .all(|(own, other)| placeholder(own).is_none() || placeholder(other).is_some())
    }

    /// Could a call be of both, with neither of them saying more of it?
    fn is_unclear_with(&self, other: &Self) -> bool {
        let (own, others) = (self.parts(), other.parts());
        let is_any = |part: &str| placeholder(part).is_some();
        let meets = own.len() == others.len()
            && own.iter().zip(&others).all(|(one, other)| one == other || is_any(one) || is_any(other));
        let shares = self.methods.iter().any(|method| other.methods.contains(method));
        meets && shares && self.is_as_literal_as(other) == other.is_as_literal_as(self)
    }

    fn fault(&self) -> Option<String> {
        let path = &self.path;
        let is_method = |method: &String| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.methods.is_empty() || !self.methods.iter().all(is_method) {
            return Some(format!("the methods of `{path}` are {:?}; write them in capitals, as `GET`", self.methods));
        }
        let is_known = |part: &&str| is_plain_part(part) || placeholder(part).is_some();
        if !path.starts_with('/') || (path != "/" && !self.parts().iter().all(is_known)) {
            return Some(format!(
                "`{path}` is no path; write parts of `A-Za-z0-9._~@:+-`, each after one slash, and `{{name}}` where one stands for anything"
            ));
        }
        if !is_plain_part(&self.action) {
            return Some(format!("the action of `{path}` is `{}`; write its name", self.action));
        }
        let Some((kind, id)) = self.resource.rsplit_once("::") else {
            return Some(format!("the resource of `{path}` is `{}`; write `Type::id`", self.resource));
        };
        let is_kind = kind.split("::").all(is_plain_part);
        let parts = self.parts();
        let names: Vec<&str> = parts.iter().filter_map(|part| placeholder(part)).collect();
        if names.iter().enumerate().any(|(place, name)| names.iter().skip(place + 1).any(|other| other == name)) {
            return Some(format!("two parts of `{path}` have one name; give each its own"));
        }
        let is_id = |part: &str| match placeholder(part) {
            Some(name) => names.contains(&name),
            None => is_plain_part(part),
        };
        (!is_kind || !id.split('/').all(is_id)).then(|| {
            format!(
                "the resource of `{path}` is `{}`; write `Type::id`, its parts plain or the names of parts of the path",
                self.resource
            )
        })
    }
}
