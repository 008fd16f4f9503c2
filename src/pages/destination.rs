//! Where a visitor goes after signing in: to a page of this server, never elsewhere.

/// `wanted` if it is a path on this server, else the inbox.
pub fn local(wanted: &str) -> &str {
    let on_this_server = wanted.starts_with('/') && !wanted.starts_with("//");
    let plain = wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let leads_back = wanted.starts_with("/sign-in") || wanted.starts_with("/sign-out");
    if on_this_server && plain && !leads_back { wanted } else { "/" }
}

/// The address of the sign-in page that leads on to `next`.
pub fn sign_in_first(next: &str) -> String {
    match local(next) {
        "/" => "/sign-in".to_owned(),
        next => format!("/sign-in?next={}", percent_encoded(next)),
    }
}

/// `text` as it stands in a path segment or a query value.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => encoded.push(char::from(b)),
            b => encoded.push_str(&format!("%{b:02X}")),
        }
    }
    encoded
}

/// The page of a version.
pub fn version_path(model: &str, version: &str) -> String {
    format!("/models/{}/versions/{}", percent_encoded(model), percent_encoded(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_servers_are_never_a_destination() {
        for evil in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "",
            "evil",
            "/sign-out",
        ] {
            assert_eq!(local(evil), "/", "{evil}");
        }
        assert_eq!(local("/models/a/versions/1?x=y"), "/models/a/versions/1?x=y");
    }

    #[test]
    fn the_way_back_is_kept_through_sign_in() {
        assert_eq!(
            sign_in_first("/alerts/ep_1?done=x"),
            "/sign-in?next=%2Falerts%2Fep_1%3Fdone%3Dx"
        );
        assert_eq!(sign_in_first("/"), "/sign-in");
    }
}
