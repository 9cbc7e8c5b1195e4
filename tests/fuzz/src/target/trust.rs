//! Certificates and lists of sums.

use nearmiss_agent_core::certificate::{Certificate, of_pem};
use nearmiss_agent_core::integrity::manifest;

use super::text;
use crate::Target;

pub(crate) const CERTIFICATE: Target = Target {
    name: "certificate",
    run: |bytes| {
        drop(Certificate::parse(bytes));
        of_pem(bytes).iter().for_each(|der| drop(Certificate::parse(der)));
    },
    seeds: &["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
    corpus: None,
};

pub(crate) const SUMS: Target = Target {
    name: "sums",
    run: |bytes| drop(manifest::parse(&text(bytes), "/srv")),
    seeds: &["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.csv\n"],
    corpus: None,
};
