//! The built-in list of public sources: data in the repository, not code.

use proxydeck_domain::Protocol;
use proxydeck_store::{CatalogueSource, SourceKind, SourcePlan};
use serde::Deserialize;

use super::reading::Parser;

/// A line each: key, name, address, protocol, format, home page, minutes between visits, priority, on or off. The key never
/// changes, so that the next version of the program finds the source again.
const CATALOGUE: &str = include_str!("../../data/catalogue.tsv");

#[derive(Deserialize)]
struct Line {
    key: String,
    name: String,
    address: String,
    protocol: String,
    format: String,
    home: String,
    interval_minutes: u32,
    priority: u8,
    default: String,
}

/// Every built-in source.
pub(crate) fn catalogue() -> Vec<CatalogueSource> {
    let mut lines = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(CATALOGUE.as_bytes());
    // A test asserts that every line can be read.
    lines.deserialize().flatten().map(source).collect()
}

fn source(line: Line) -> CatalogueSource {
    let parser = Parser { format: line.format.parse().ok(), ..Parser::default() };
    CatalogueSource {
        key: line.key,
        plan: SourcePlan {
            name: line.name,
            kind: SourceKind::Web,
            address: line.address,
            home: Some(line.home).filter(|home| !home.is_empty()),
            protocol: Protocol::from_label(&line.protocol),
            parser: parser.to_json(),
            interval_minutes: line.interval_minutes,
            priority: line.priority,
        },
        enabled: line.default == "on",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

    use std::collections::HashSet;

    use super::*;
    use crate::collect::template;

    #[test]
    fn every_line_is_a_source_that_can_be_visited() {
        let sources = catalogue();
        assert_eq!(sources.len(), CATALOGUE.lines().count() - 1, "a line was passed over");
        let keys: HashSet<_> = sources.iter().map(|source| &source.key).collect();
        let names: HashSet<_> = sources.iter().map(|source| &source.plan.name).collect();
        let addresses: HashSet<_> = sources.iter().map(|source| &source.plan.address).collect();
        assert_eq!(
            (keys.len(), names.len(), addresses.len()),
            (sources.len(), sources.len(), sources.len()),
            "keys, names and addresses tell sources apart"
        );
        for source in &sources {
            template::Template::parse(&source.plan.address).unwrap();
            let line = CATALOGUE.lines().find(|line| line.starts_with(&format!("{}\t", source.key))).unwrap();
            assert_eq!(
                source.plan.protocol.is_some(),
                !line.split('\t').nth(3).unwrap().is_empty(),
                "{}: the protocol has no meaning",
                source.key
            );
        }
        let on = sources.iter().filter(|source| source.enabled).count();
        assert!((50..=80).contains(&on), "{on} are on: an hour's round must stay polite and worth it");
    }
}
