use super::*;
use crate::crypto::hash::Hash;

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn prime(group: Group) -> Vec<u8> {
    match group {
        Group::Modp768 => primes::MODP_768.to_be_bytes().as_ref().to_vec(),
        Group::Modp1024 => primes::MODP_1024.to_be_bytes().as_ref().to_vec(),
        Group::Modp1536 => primes::MODP_1536.to_be_bytes().as_ref().to_vec(),
        Group::Modp2048 => primes::MODP_2048.to_be_bytes().as_ref().to_vec(),
        Group::Modp3072 => primes::MODP_3072.to_be_bytes().as_ref().to_vec(),
        Group::Modp4096 => primes::MODP_4096.to_be_bytes().as_ref().to_vec(),
        Group::Ecp256 | Group::Ecp384 | Group::Ecp521 => Vec::new(),
    }
}

const MODP: [Group; 6] =
    [Group::Modp768, Group::Modp1024, Group::Modp1536, Group::Modp2048, Group::Modp3072, Group::Modp4096];
const ECP: [Group; 3] = [Group::Ecp256, Group::Ecp384, Group::Ecp521];

/// CRYP-3526-2-a. SHA-256 of the primes as RFC 2409 section 6 and RFC 3526 print them.
#[test]
fn primes_are_the_published_ones() {
    let digests = [
        "b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d",
        "3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0",
        "64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b",
        "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e",
        "48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c",
        "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33",
    ];
    for (group, digest) in MODP.into_iter().zip(digests) {
        assert_eq!(hex(&Hash::Sha256.digest(&[&prime(group)])), digest, "{group}");
        assert_eq!(prime(group).len(), group.public_len(), "{group}");
    }
}

#[test]
fn numbers_and_groups_match_both_ways() {
    for group in Group::ALL {
        assert_eq!(Group::from_number(group.number()), Some(group));
    }
    for number in [0, 3, 4, 17, 18, 22, 26] {
        assert_eq!(Group::from_number(number), None, "{number}");
    }
}

#[test]
fn two_ends_of_every_group_agree_on_values_of_the_stated_lengths() {
    for group in Group::ALL {
        let (a, b) = ([0x5a; 20], [0x23; 28]);
        let (public_a, public_b) = (group.public(&a).unwrap(), group.public(&b).unwrap());
        assert_eq!(public_a.len(), group.public_len(), "{group}");
        let shared = group.shared(&a, &public_b).unwrap();
        assert_eq!(shared, group.shared(&b, &public_a).unwrap(), "{group}");
        assert_eq!(shared.len(), group.shared_len(), "{group}");
    }
}

/// IKE-2409-5-c: with the exponent 1 the public value is the generator, all but one octet zero.
#[test]
fn public_values_keep_their_leading_zeros() {
    for group in MODP {
        let public = group.public(&[0, 0, 1]).unwrap();
        assert_eq!(public.len(), group.public_len(), "{group}");
        assert_eq!(public.iter().rev().copied().take(1).collect::<Vec<_>>(), [2]);
        assert!(public[..public.len() - 1].iter().all(|octet| *octet == 0));
    }
}

/// CRYP-2412-2.3.1.1-a.
#[test]
fn modp_public_values_that_fix_the_secret_are_refused() {
    for group in MODP {
        let small = |value: u8| {
            let mut octets = vec![0; group.public_len()];
            octets[group.public_len() - 1] = value;
            octets
        };
        let mut below_prime = prime(group);
        below_prime[group.public_len() - 1] -= 1;
        let refused = [small(0), small(1), below_prime.clone(), prime(group), vec![0xff; group.public_len()]];
        for public in refused {
            assert_eq!(group.shared(&[3], &public), Err(BadValue::PublicRange), "{group} {}", hex(&public));
        }
        let mut greatest = below_prime;
        greatest[group.public_len() - 1] -= 1;
        let mut minus_eight = prime(group);
        minus_eight[group.public_len() - 1] -= 8;
        assert_eq!(group.shared(&[3], &greatest).unwrap(), minus_eight, "(p-2)^3 = p-8");
        assert_eq!(group.shared(&[3], &small(2)).unwrap(), small(8));
    }
}

/// CRYP-5903-7-a.
#[test]
fn points_off_the_curve_are_refused() {
    for group in ECP {
        let mut public = group.public(&[0x42; 20]).unwrap();
        public[group.public_len() - 1] ^= 1;
        assert_eq!(group.shared(&[0x17; 20], &public), Err(BadValue::NotOnCurve), "{group}");
        let nothing = vec![0; group.public_len()];
        assert_eq!(group.shared(&[0x17; 20], &nothing), Err(BadValue::NotOnCurve), "{group}");
        let overlong = vec![0xff; group.public_len()];
        assert_eq!(group.shared(&[0x17; 20], &overlong), Err(BadValue::NotOnCurve), "{group}");
    }
}

#[test]
fn values_of_wrong_lengths_are_refused() {
    for group in Group::ALL {
        let public = group.public(&[0x42; 20]).unwrap();
        let want = group.public_len();
        assert_eq!(
            group.shared(&[0x17; 20], &public[1..]),
            Err(BadValue::PublicLength { got: want - 1, want }),
            "{group}"
        );
        let limit = group.shared_len();
        let overlong = vec![0; limit + 1];
        assert_eq!(
            group.public(&overlong),
            Err(BadValue::PrivateLength { got: limit + 1, limit }),
            "{group}"
        );
        assert_eq!(group.public(&vec![0; limit]), Err(BadValue::PrivateRange), "{group}");
        assert_eq!(group.public(&[]), Err(BadValue::PrivateRange), "{group}");
    }
    for group in ECP {
        assert_eq!(group.public(&vec![0xff; group.shared_len()]), Err(BadValue::PrivateRange), "{group}");
    }
}
