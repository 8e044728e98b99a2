//! Replays every seed of the fuzz targets, and some hundred alterations of each, the same in every run: what a fuzzer
//! looks for at length, any test run looks for at once.
//!
//! A seed's name says what must become of it: `taken-…` or `refused-…`. Seeds with private keys are minted in every run.

#![expect(clippy::unwrap_used, reason = "a failed set-up is reported by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rcgen::KeyPair;
use shared::{
    ports::entropy::random,
    testing::{
        entropy::SeededEntropy,
        fuzz::{TARGETS, Target, Verdict},
    },
};

#[path = "certificates/pki.rs"]
#[expect(dead_code, reason = "the tests of certificates use all of it")]
mod pki;

use pki::{Authority, QSEAL, QWAC};

/// Alterations of each seed.
const ALTERATIONS: usize = 200;

/// What alterations put in: what parsers stumble over.
const MORSELS: [&[u8]; 16] = [
    b"",
    b"\0",
    b"\n\n",
    b"\r\n",
    b"\"",
    b"\\u0000",
    b"\xff\xfe",
    b"%00",
    b"&state=",
    b"{\"a\":",
    b"[[[[[[[[",
    b"null",
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"//evil.example",
];

struct Seed {
    name: String,
    bytes: Vec<u8>,
}

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The names of what lies in a folder.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn seeds(target: &Target) -> Vec<Seed> {
    let folder = fuzz_folder().join("seeds").join(target.name);
    let read = |name: String| Seed { bytes: fs::read(folder.join(&name)).unwrap(), name };
    let mut seeds: Vec<_> = names_in(&folder).into_iter().map(read).collect();
    if target.name == "identity_file" {
        seeds.extend(identities());
    }
    seeds
}

/// Files of identities, right and wrong ones. No key of theirs lies in the repository.
fn identities() -> Vec<Seed> {
    let authority = Authority::named("Seeds");
    let keys = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let certificate = |wish| authority.certify(wish, &keys[0]).pem();
    let (key, other, chain, root) =
        (keys[0].serialize_pem(), keys[1].serialize_pem(), certificate(QWAC), authority.pem());
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let damaged = key.replace("-----\n", "-----canary");
    let texts = [
        ("taken-whole", format!("{key}{chain}{root}")),
        ("taken-odd", format!("\u{feff}words before\r\n\r\n{}\n\n\n{chain}words behind", key.replace('\n', "\r\n"))),
        ("refused-order", format!("{key}{root}{chain}")),
        ("refused-seal", format!("{key}{}", certificate(QSEAL))),
        ("refused-two-keys", format!("{key}{other}{chain}")),
        ("refused-encrypted", format!("{encrypted}{chain}")),
        ("refused-damaged", format!("{damaged}{chain}")),
    ];
    texts.map(|(name, text)| Seed { name: name.to_owned(), bytes: text.into_bytes() }).into()
}

#[test]
fn every_seed_is_judged_as_its_name_says() {
    for target in TARGETS {
        for seed in seeds(target) {
            let expected = if seed.name.starts_with("taken-") { Verdict::Taken } else { Verdict::Refused };
            assert_eq!((target.run)(&seed.bytes), expected, "{}: {}", target.name, seed.name);
        }
    }
}

#[test]
fn every_target_has_seeds_of_both_kinds() {
    for target in TARGETS {
        let seeds = seeds(target);
        for kind in ["taken-", "refused-"] {
            assert!(seeds.iter().any(|seed| seed.name.starts_with(kind)), "{}: no seed is {kind}", target.name);
        }
        let named = seeds.iter().all(|seed| seed.name.starts_with("taken-") || seed.name.starts_with("refused-"));
        assert!(named, "{}: a seed's name says nothing of its fate", target.name);
    }
}

#[test]
fn every_target_is_a_program_of_its_own_and_no_program_is_without_one() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let programs = names_in(&fuzz_folder().join("fuzz_targets"));
    assert_eq!(programs.iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect::<BTreeSet<_>>(), targets);
    assert_eq!(names_in(&fuzz_folder().join("seeds")), targets);
    let manifest = fs::read_to_string(fuzz_folder().join("Cargo.toml")).unwrap();
    for name in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in the manifest");
    }
}

#[test]
fn no_alteration_of_a_seed_breaks_a_promise() {
    for target in TARGETS {
        let seeds = seeds(target);
        let dice = Dice(SeededEntropy::new(1));
        for seed in &seeds {
            for _ in 0..ALTERATIONS {
                (target.run)(&altered(seed, &seeds, &dice));
            }
        }
    }
}

/// Chance that falls the same way in every run.
struct Dice(SeededEntropy);

impl Dice {
    /// A number from 0 to below the limit; 0 if the limit is.
    fn below(&self, limit: usize) -> usize {
        let number = u32::from_be_bytes(random(&self.0).unwrap());
        usize::try_from(number).unwrap().checked_rem(limit).unwrap_or(0)
    }

    fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// The seed after one to four alterations.
fn altered(seed: &Seed, all: &[Seed], dice: &Dice) -> Vec<u8> {
    let mut bytes = seed.bytes.clone();
    for _ in 0..=dice.below(4) {
        alter(&mut bytes, all, dice);
    }
    bytes
}

/// Flips a bit, replaces a stretch by a morsel, repeats one, cuts the end off, or goes on as another seed does.
fn alter(bytes: &mut Vec<u8>, all: &[Seed], dice: &Dice) {
    let at = dice.below(bytes.len());
    let end = at + dice.below((bytes.len() - at).min(16) + 1);
    match dice.below(5) {
        0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << dice.below(8)),
        1 => drop(bytes.splice(at..end, dice.one_of(&MORSELS).iter().copied())),
        2 => bytes.extend_from_within(at..end),
        3 => bytes.truncate(at),
        _ => {
            let other = &dice.one_of(all).bytes;
            bytes.truncate(at);
            bytes.extend_from_slice(&other[dice.below(other.len())..]);
        }
    }
}
