//! What a token promises, seen through `seal` and `open` alone.

use daypass_api::Timestamp;
use daypass_api::names::{Account, AppId, ProviderId, RoleId, SessionId, Uin};
use daypass_api::secret::SecretKey;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::claims::tests::{chained, sample, vouched};
use crate::claims::{Ancestor, Origin, Principal, SessionKind};
use crate::master::MasterKey;
use crate::policies::tests::long_policies;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const SALT: [u8; SALT_LENGTH] = [5; SALT_LENGTH];

fn ring() -> KeyRing {
    KeyRing::new(NOW, &[1; 32])
}

fn sealed(claims: &Claims) -> Sealed {
    seal(&ring(), claims, &SALT).unwrap()
}

/// Opens a token of the sample's key.
fn open_sample(token: &str) -> Result<Claims, OpenError> {
    open(&ring(), &temporary_key_id(sample().session_id), token)
}

/// Text that does not pack well.
fn noise(length: usize) -> String {
    let hashes = (0_u64..).flat_map(|number| Sha256::digest(number.to_be_bytes()));
    hashes
        .map(|byte| char::from(b' ' + byte % 95))
        .take(length)
        .collect()
}

#[test]
fn what_was_sealed_opens() {
    let sealed = sealed(&sample());
    assert_eq!(open_sample(sealed.token.expose()), Ok(sample()));
    assert!(
        sealed.token.expose().len() < 350,
        "{}",
        sealed.token.expose().len()
    );
}

#[test]
fn a_token_can_stand_in_a_url() {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    for salt in 0..50 {
        let sealed = seal(&ring(), &sample(), &[salt; SALT_LENGTH]).unwrap();
        assert!(sealed.token.expose().bytes().all(plain));
        assert!(sealed.access_key_id.as_str().bytes().all(plain));
    }
}

#[test]
fn no_byte_may_change() {
    let token = sealed(&sample()).token.expose().to_owned();
    for place in 0..token.len() {
        for byte in 0..0x80_u8 {
            let mut changed = token.clone().into_bytes();
            if changed[place] == byte {
                continue;
            }
            changed[place] = byte;
            let changed = String::from_utf8(changed).unwrap();
            assert!(open_sample(&changed).is_err(), "{place} {byte}");
        }
    }
}

#[test]
fn no_part_of_a_token_opens() {
    let token = sealed(&sample()).token.expose().to_owned();
    for length in 0..token.len() {
        assert!(open_sample(&token[..length]).is_err(), "{length}");
    }
    for suffix in ["A", "AA", "AAAA", "=", " ", "\n", "\0"] {
        assert!(open_sample(&format!("{token}{suffix}")).is_err(), "{suffix:?}");
    }
    assert!(open_sample(&format!(" {token}")).is_err());
}

#[test]
fn errors_tell_malformed_from_forged() {
    let check = |bytes: &[&[u8]], expected: OpenError| {
        let token = URL_SAFE_NO_PAD.encode(bytes.concat());
        assert_eq!(open_sample(&token), Err(expected), "{token}");
    };
    let (epoch, other) = (1_u32.to_be_bytes(), 2_u32.to_be_bytes());
    check(&[], OpenError::Malformed);
    check(&[&[VERSION]], OpenError::Malformed);
    check(&[&[VERSION], &epoch, &SALT, &[0; 15]], OpenError::Malformed);
    check(&[&[VERSION], &epoch, &SALT, &[0; 16]], OpenError::Forged);
    check(&[&[VERSION], &other, &SALT, &[0; 16]], OpenError::UnknownEpoch);
    check(&[&[0], &epoch, &SALT, &[0; 16]], OpenError::Malformed);
    check(&[&[VERSION_1], &epoch, &SALT, &[0; 16]], OpenError::Forged);
    check(&[&[4], &epoch, &SALT, &[0; 16]], OpenError::Malformed);
}

#[test]
fn a_token_is_of_one_key_only() {
    let sealed = sealed(&sample());
    let token = sealed.token.expose();
    let check = |id: &str| {
        let id = AccessKeyId::parse(id).unwrap();
        assert_eq!(open(&ring(), &id, token), Err(OpenError::Forged), "{id}");
    };
    check(temporary_key_id(SessionId([0; 16])).as_str());
    check("AKIDEXAMPLE0123456789abcdefghijklmno");
    check(&sealed.access_key_id.as_str()[..28]);
}

#[test]
fn another_epoch_does_not_open() {
    let sealed = sealed(&sample());
    let open_with = |ring: &KeyRing| open(ring, &sealed.access_key_id, sealed.token.expose());
    // The same number with another key.
    assert_eq!(open_with(&KeyRing::new(NOW, &[2; 32])), Err(OpenError::Forged));
    let rotated = ring().with_new_epoch(NOW, &[2; 32]).unwrap();
    assert_eq!(open_with(&rotated), Ok(sample()));
    let pruned = rotated.prune(NOW.plus_seconds(40 * 3_600));
    assert_eq!(open_with(&pruned), Err(OpenError::UnknownEpoch));
}

#[test]
fn an_epoch_cannot_be_renamed() {
    let rotated = ring().with_new_epoch(NOW, &[1; 32]).unwrap();
    let sealed = sealed(&sample());
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed.token.expose()).unwrap();
    bytes[1..5].copy_from_slice(&2_u32.to_be_bytes());
    // The key is the same in both epochs, so that only the associated data tells them apart.
    let renamed = URL_SAFE_NO_PAD.encode(bytes);
    assert_eq!(
        open(&rotated, &sealed.access_key_id, &renamed),
        Err(OpenError::Forged)
    );
}

#[test]
fn the_same_session_sealed_twice_repeats_no_key() {
    let one = seal(&ring(), &sample(), &[1; SALT_LENGTH]).unwrap();
    let two = seal(&ring(), &sample(), &[2; SALT_LENGTH]).unwrap();
    let body =
        |sealed: &Sealed| URL_SAFE_NO_PAD.decode(sealed.token.expose()).unwrap()[HEADER_LENGTH..].to_vec();
    let equal = body(&one).iter().zip(&body(&two)).filter(|(a, b)| a == b).count();
    assert!(equal < 20, "{equal}");
}

/// One 32-byte key as master key and as epoch key: still nothing opens as anything else.
#[test]
fn tokens_rings_and_secrets_do_not_open_as_each_other() {
    let master = MasterKey::new(&[1; 32]);
    let sealed = sealed(&sample());
    let id = &sealed.access_key_id;
    let secret = SecretKey::new("secret".to_owned());
    let as_bytes = [
        URL_SAFE_NO_PAD.decode(sealed.token.expose()).unwrap(),
        ring().wrap(&master, &[0; 16]).unwrap(),
        master.wrap_secret(id, &secret, &[0; 16]).unwrap(),
    ];
    for (made, bytes) in as_bytes.iter().enumerate() {
        let opened = [
            open(&ring(), id, &URL_SAFE_NO_PAD.encode(bytes)).is_ok(),
            KeyRing::unwrap(&master, bytes).is_ok(),
            master.unwrap_secret(id, bytes).is_ok(),
        ];
        for (read, opened) in opened.into_iter().enumerate() {
            assert_eq!(opened, made == read, "made {made}, read {read}");
        }
    }
}

#[test]
fn usual_policies_of_6144_characters_fit() {
    for (name, policy) in long_policies() {
        let mut claims = sample();
        claims.name = "n".repeat(128);
        claims.session_policies = vec![policy];
        let sealed = seal(&ring(), &claims, &SALT).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(sealed.token.expose().len() <= MAX_TOKEN_LENGTH);
        assert_eq!(open_sample(sealed.token.expose()), Ok(claims));
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_size() {
    let mut claims = sample();
    claims.session_policies = vec![noise(6_144)];
    let Err(SealError::TooLong { predicted, limit }) = seal(&ring(), &claims, &SALT) else {
        panic!("sealed");
    };
    assert_eq!(limit, 4_096);
    // 95 characters are 6.57 bits each, and a base64 character holds six.
    assert!((6_700..8_400).contains(&predicted), "{predicted}");
}

#[test]
fn the_longest_token() {
    let with_name = |length: usize| {
        let mut claims = sample();
        claims.name = "n".repeat(length);
        seal(&ring(), &claims, &SALT)
    };
    // A name of 2,000 has as long a length before it as the one that fills the token.
    let bytes = URL_SAFE_NO_PAD
        .decode(with_name(2_000).unwrap().token.expose())
        .unwrap()
        .len();
    let longest = 2_000 + 3_072 - bytes;
    let token = with_name(longest).unwrap().token;
    assert_eq!(token.expose().len(), MAX_TOKEN_LENGTH);
    assert_eq!(open_sample(token.expose()).unwrap().name.len(), longest);
    let too_long = SealError::TooLong {
        predicted: 4_098,
        limit: 4_096,
    };
    assert_eq!(with_name(longest + 1), Err(too_long));
}

#[test]
fn the_longest_policies() {
    let with_policies = |lengths: &[usize]| {
        let mut claims = sample();
        claims.session_policies = lengths.iter().map(|length| " ".repeat(*length)).collect();
        seal(&ring(), &claims, &SALT)
    };
    let half = MAX_POLICIES_LENGTH / 2;
    let token = with_policies(&[half, half]).unwrap().token;
    assert!(open_sample(token.expose()).is_ok());
    let too_long = SealError::PoliciesTooLong {
        length: MAX_POLICIES_LENGTH + 1,
        limit: MAX_POLICIES_LENGTH,
    };
    assert_eq!(with_policies(&[half, half, 1]), Err(too_long));
}

#[test]
fn the_longest_life() {
    let with_life = |millis: i64| {
        let mut claims = sample();
        claims.expires = Timestamp::from_unix_millis(claims.issued.unix_millis() + millis);
        seal(&ring(), &claims, &SALT).map(|_| ())
    };
    assert_eq!(with_life(129_600_000), Ok(()));
    let too_long = SealError::LivesTooLong { limit: 129_600 };
    assert_eq!(with_life(129_600_001), Err(too_long));
}

#[test]
fn nothing_secret_shows() {
    let sealed = sealed(&sample());
    let text = format!("{sealed:?} {:?}", open_sample(sealed.token.expose()));
    assert!(!text.contains("canary"));
    assert!(!text.contains(sealed.token.expose()));
}

/// Sealed once by version 1; a later program must still open it, or name a new version.
#[test]
fn a_token_of_version_1_still_opens() {
    const TOKEN: &str = concat!(
        "AQAAAAEFBQUFBQUFBQUFBQUBfd_oV4vSbnsNSyN3CPKIO-JRw8I2xsjDY4guTz2bA4SeL0zFDRVjXhj4uRx-Tmvz3tGGR_AV",
        "2NcruRyTs8B9SgvJkConZBK1Ul1RTR1HZtAZdDNi5vhInmbAB9dvwJqMlCL4cOj94_neW5yx2NCzknAfCn2-9rZooVQM6Tlp",
        "RT-6RSGyiNX23M82toHyNtcbUOXkcc3WQgdN8P7vt4NXkw",
    );
    assert_eq!(
        temporary_key_id(sample().session_id).as_str(),
        "AKIDtmpMDEyMzQ1Njc4OWFiY2RlZg"
    );
    assert_eq!(open_sample(TOKEN), Ok(sample()));
}

#[test]
fn a_token_of_version_2_still_opens() {
    const TOKEN: &str = concat!(
        "AgAAAAEFBQUFBQUFBQUFBQUCfd_oV4vSbnsNSyN0AaLTeJbTyJKtjuwahD1nIjiVEoGWJ0HNbWgUXR3_vB9zQT2phNSBQvMY19oo",
        "vBuWsK0VUHqt4wYRk7IfraUyzOHA5yt69OfNQG0nmQiLYvMSRWwsl90NCcjywnq42gvlXdCxsBF8Zh7OjZkZxjV8jsyU9Zk3akxV",
        "JSEeOWLFU7J3_hOLvpHRsec2_r1Rihq86HPnYkwAdHpVuQHi3eZ9FmBZrGyh_Rp0BT51BN5G0e2HFOq2mvNKPuzSXaeFnQz-B2xe",
        "LqaT7TllJOxsqJfcL6E21jSKTCx46E7oM9yWINqwiNS2bE923vV50dPTDy-oC4YJwxZG9c8Z2D_vrQ",
    );
    assert_eq!(open_sample(TOKEN), Ok(chained()));
}

/// Who had a token before the program was exchanged has it afterwards.
#[test]
fn a_token_of_version_3_is_sealed_as_it_always_was() {
    const TOKEN: &str = concat!(
        "AwAAAAEFBQUFBQUFBQUFBQUCfd_oV4vSbnsNSyN0AaLTeJbTyJKtB70RnAqRBH7dSqS_FmPlfUEpDEG9405oGHj2vbOWUvIPnIq2",
        "dNoDJaL7wv4sGGURlsd7zck1KHt_AaP8dDsns6kVqLNriQDWdquMlCL4cOj94_neW5yx2NCzknAfCn2-9rZooVQM6TlpRT-6RSGy",
        "iNX23M82toHyNtcbffzqcKN2qph_XbwS74dmbg",
    );
    assert_eq!(sealed(&vouched()).token.expose(), TOKEN);
    assert_eq!(open_sample(TOKEN), Ok(vouched()));
}

prop_compose! {
    fn any_claims()(
        session_id in any::<[u8; 16]>(),
        numbers in any::<[u64; 4]>(),
        is_role in any::<bool>(),
        is_vouched in any::<bool>(),
        ancestors in proptest::collection::vec(any::<([u8; 16], u64, bool)>(), 0..10),
        texts in proptest::collection::vec(".{0,40}", 2..=2),
        original_key in "[A-Za-z0-9_-]{1,60}",
        issued in any::<i64>(),
        life in 0..=MAX_SESSION_SECONDS * 1000,
        session_policies in proptest::collection::vec(".{0,80}", 0..4),
        tags in proptest::collection::vec((".{0,20}", ".{0,20}"), 0..5),
        source_identity in proptest::option::of(".{0,40}"),
    ) -> Claims {
        Claims {
            kind: SessionKind::Federation,
            session_id: SessionId(session_id),
            secret: SecretKey::new(texts[0].clone()),
            account: Account { app_id: AppId(numbers[0]), owner_uin: Uin(numbers[1]) },
            principal: if is_role { Principal::Role(RoleId(numbers[2])) } else { Principal::User(Uin(numbers[2])) },
            origin: match is_vouched {
                false => Origin::Key { caller: Uin(numbers[3]), key: AccessKeyId::parse(&original_key).unwrap() },
                true => Origin::Provider {
                    owner: Uin(numbers[3]),
                    id: ProviderId(numbers[2]),
                    revision: numbers[0],
                    subject: original_key,
                },
            },
            ancestors: ancestors.into_iter().map(|(session, number, is_role)| Ancestor {
                session_id: SessionId(session),
                owner: Uin(numbers[1]),
                principal: if is_role { Principal::Role(RoleId(number)) } else { Principal::User(Uin(number)) },
                issued: Timestamp::from_unix_millis(issued),
                name: number,
            }).collect(),
            name: texts[1].clone(),
            issued: Timestamp::from_unix_millis(issued),
            expires: Timestamp::from_unix_millis(issued.saturating_add(life)),
            session_policies,
            tags,
            source_identity,
        }
    }
}

proptest! {
    #[test]
    fn any_claims_come_back(claims in any_claims(), key in any::<[u8; 32]>(), salt in any::<[u8; 12]>()) {
        let ring = KeyRing::new(NOW, &key);
        let sealed = seal(&ring, &claims, &salt).unwrap();
        prop_assert_eq!(session_id_of(&sealed.access_key_id), Some(claims.session_id));
        prop_assert_eq!(open(&ring, &sealed.access_key_id, sealed.token.expose()), Ok(claims));
    }

    #[test]
    fn opening_never_panics(token in ".{0,300}", id in "[A-Za-z0-9_-]{1,60}") {
        let id = AccessKeyId::parse(&id).unwrap();
        prop_assert!(open(&ring(), &id, &token).is_err());
    }

    #[test]
    fn opening_bytes_of_the_right_form_never_panics(body in proptest::collection::vec(any::<u8>(), 0..3_200)) {
        let token = URL_SAFE_NO_PAD.encode([&[VERSION, 0, 0, 0, 1], &body[..]].concat());
        prop_assert!(open_sample(&token).is_err());
    }
}
