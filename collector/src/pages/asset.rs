//! The style sheet, the one script and the mark: compiled in, addressed with their hash, so that a browser may keep
//! them for a year and never shows an old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::PageFault;

/// One file of `assets/`.
pub(super) struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    hash: LazyLock<String>,
}

pub(super) static STYLE: Asset = Asset {
    name: "style.css",
    kind: "text/css; charset=utf-8",
    text: include_str!("../../assets/style.css"),
    hash: LazyLock::new(|| hash(STYLE.text)),
};
pub(super) static SCRIPT: Asset = Asset {
    name: "live.js",
    kind: "text/javascript; charset=utf-8",
    text: include_str!("../../assets/live.js"),
    hash: LazyLock::new(|| hash(SCRIPT.text)),
};
pub(super) static MARK: Asset = Asset {
    name: "mark.svg",
    kind: "image/svg+xml",
    text: include_str!("../../assets/mark.svg"),
    hash: LazyLock::new(|| hash(MARK.text)),
};

impl Asset {
    /// `/assets/style.css?v=HASH`.
    pub(super) fn address(&self) -> String {
        format!("/assets/{}?v={}", self.name, *self.hash)
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes())).chars().take(16).collect()
}

/// `GET /assets/{name}`.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = [&STYLE, &SCRIPT, &MARK].into_iter().find(|asset| asset.name == name) else {
        return PageFault::NotFound.into_response();
    };
    let tag = format!("\"{}\"", *asset.hash);
    let known = headers.get(IF_NONE_MATCH).is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    let caching = [(ETAG, tag), (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, asset.kind)], asset.text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_the_hash_of_what_it_leads_to() {
        assert!(STYLE.address().starts_with("/assets/style.css?v="));
        assert_eq!(STYLE.address().len(), "/assets/style.css?v=".len() + 16);
        assert_ne!(*STYLE.hash, *SCRIPT.hash);
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for asset in [&STYLE, &SCRIPT] {
            assert!(!asset.text.contains("//cdn") && !asset.text.contains("https://"), "{}", asset.name);
        }
    }
}
