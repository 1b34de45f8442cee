//! A certificate authority of one's own: what `daypass tls init` makes, for machines that no public authority knows.
//!
//! A folder holds four files. `ca.pem` is what clients are told to trust; `ca-key.pem` signs and stays with the server's
//! operator, so that a server certificate can be renewed without telling the clients anything; `cert.pem` and
//! `key.pem` are what the server shows. Keys are on the curve P-256, which every client knows.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_api::names::Region;
use daypass_tls::{TlsError, Validity, provider};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use time::OffsetDateTime;

use super::name::SubjectName;
use crate::private_file::{self, PRIVATE, PUBLIC};

const DAY_SECONDS: i64 = 24 * 3600;
/// Life of the authority.
const AUTHORITY_DAYS: i64 = 3653;
/// Life of a server certificate: the most that browsers accept is 398 days.
const CERTIFICATE_DAYS: i64 = 397;
/// Everything begins to hold a day early, for machines whose clock is behind.
const EARLY_SECONDS: i64 = DAY_SECONDS;

/// Most names that may be asked for.
const MAX_NAMES: usize = 100;

/// Why no certificate was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error(
        "`{path}` is there already and is not overwritten: `--renew` issues a new server certificate by the authority that is there; to begin anew, with a new authority, remove the folder first",
        path = .0.display()
    )]
    Exists(PathBuf),
    /// There is no authority to renew by.
    #[error("there is no authority in `{folder}` to renew by: leave `--renew` out to make one", folder = .0.display())]
    NoAuthority(PathBuf),
    /// The authority has come to its end.
    #[error("the authority in `{path}` has expired: remove the folder and make a new one", path = .0.display())]
    AuthorityExpired(PathBuf),
    /// More names than a certificate should carry.
    #[error("a certificate is made for at most {MAX_NAMES} names")]
    TooManyNames,
    /// A file of the authority cannot be used.
    #[error("the authority could not be read")]
    Authority(#[source] TlsError),
    /// The authority's files do not belong together, or it is not one of ours.
    #[error("`ca.pem` and `ca-key.pem` in `{folder}` are no authority made by `daypass tls init`", folder = .0.display())]
    ForeignAuthority(PathBuf),
    /// A file could not be written.
    #[error("`{path}` could not be written", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key could not be made or something not be signed.
    #[error("the certificate could not be made")]
    Make(#[source] rcgen::Error),
}

/// The folder of an authority.
pub struct Authority {
    folder: PathBuf,
}

/// What was made.
#[derive(Debug)]
pub struct Issued {
    /// The file that clients are told to trust.
    pub authority: PathBuf,
    /// The file of the server's certificate.
    pub certificate: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
    /// What it is good for.
    pub names: Vec<SubjectName>,
    /// When it ends.
    pub ends: Timestamp,
}

impl Authority {
    /// The authority that this folder holds, or will hold.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the server's certificate is.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    /// Where its key is.
    pub fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// Makes the authority, and a server certificate for the usual names and these.
    pub fn init(&self, region: &Region, names: &[SubjectName], now: Timestamp) -> Result<Issued, InitError> {
        let files = [
            self.authority(),
            self.authority_key(),
            self.certificate(),
            self.key(),
        ];
        if let Some(path) = files.into_iter().find(|path| path.exists()) {
            return Err(InitError::Exists(path));
        }
        self.make_folder()?;
        let key = new_key()?;
        let params = authority_params(Life::of_days(AUTHORITY_DAYS, now));
        let certificate = params.self_signed(&key).map_err(InitError::Make)?;
        write(&self.authority_key(), &key.serialize_pem(), PRIVATE)?;
        write(&self.authority(), &certificate.pem(), PUBLIC)?;
        self.issue(region, names, now)
    }

    /// Makes a new server certificate, for the usual names and these, by the authority that is there.
    pub fn renew(&self, region: &Region, names: &[SubjectName], now: Timestamp) -> Result<Issued, InitError> {
        if !self.authority().exists() || !self.authority_key().exists() {
            return Err(InitError::NoAuthority(self.folder.clone()));
        }
        self.issue(region, names, now)
    }

    fn issue(&self, region: &Region, names: &[SubjectName], now: Timestamp) -> Result<Issued, InitError> {
        let names = all_names(region, names)?;
        let foreign = || InitError::ForeignAuthority(self.folder.clone());
        let root = daypass_tls::read(&self.authority()).map_err(InitError::Authority)?;
        let root = CertificateDer::from_pem_slice(&root).map_err(|_| foreign())?;
        let root_key = daypass_tls::read(&self.authority_key()).map_err(InitError::Authority)?;
        let root_key = std::str::from_utf8(&root_key).map_err(|_| foreign())?;
        let root_key = KeyPair::from_pem(root_key).map_err(|_| foreign())?;
        let root_ends = Validity::of(&root).ok_or_else(foreign)?.ends;
        if root_ends <= now {
            return Err(InitError::AuthorityExpired(self.authority()));
        }
        let life = Life::of_days(CERTIFICATE_DAYS, now).until(root_ends);
        let key = new_key()?;
        let issuer = Issuer::new(authority_params(life), root_key);
        let certificate = server_params(&names, life)
            .and_then(|params| params.signed_by(&key, &issuer))
            .map_err(InitError::Make)?;
        if !holds(&certificate, root, now) {
            return Err(foreign());
        }
        // The key first: a server that looks in between finds two that do not fit, keeps what it has, and looks again.
        write(&self.key(), &key.serialize_pem(), PRIVATE)?;
        write(&self.certificate(), &certificate.pem(), PUBLIC)?;
        Ok(Issued {
            authority: self.authority(),
            certificate: self.certificate(),
            key: self.key(),
            names,
            ends: life.ends,
        })
    }

    fn make_folder(&self) -> Result<(), InitError> {
        use std::os::unix::fs::DirBuilderExt;
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(|source| InitError::Write {
            path: self.folder.clone(),
            source,
        })
    }

    fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    fn authority_key(&self) -> PathBuf {
        self.folder.join("ca-key.pem")
    }
}

/// From when to when something holds.
#[derive(Clone, Copy)]
struct Life {
    begins: Timestamp,
    ends: Timestamp,
}

impl Life {
    fn of_days(days: i64, now: Timestamp) -> Self {
        let begins = now.plus_seconds(-EARLY_SECONDS);
        Self {
            begins,
            ends: begins.plus_seconds(days * DAY_SECONDS),
        }
    }

    /// This life, ending no later than its issuer's.
    fn until(self, end: Timestamp) -> Self {
        Self {
            ends: self.ends.min(end),
            ..self
        }
    }

    fn params(self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.not_before = calendar(self.begins);
        params.not_after = calendar(self.ends);
        params
    }
}

fn calendar(moment: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(moment.unix_seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn new_key() -> Result<KeyPair, InitError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(InitError::Make)
}

/// INVARIANT: the name is always the same, so that the issuer of a renewed certificate is named as in `ca.pem`;
/// several authorities are told apart by their keys, whose identifiers stand in every certificate.
fn authority_params(life: Life) -> CertificateParams {
    let mut params = life.params();
    params.distinguished_name = named("Daypass local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(names: &[SubjectName], life: Life) -> Result<CertificateParams, rcgen::Error> {
    let mut params = life.params();
    params.distinguished_name = named("Daypass");
    params.subject_alt_names = names.iter().map(alternative).collect::<Result<_, _>>()?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn alternative(name: &SubjectName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        SubjectName::Address(address) => SanType::IpAddress(*address),
        SubjectName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
    })
}

/// The names that clients of a store on this machine use, then those that were asked for, with their wildcards.
fn all_names(region: &Region, asked: &[SubjectName]) -> Result<Vec<SubjectName>, InitError> {
    if asked.len() > MAX_NAMES {
        return Err(InitError::TooManyNames);
    }
    let dns = |name: &str| SubjectName::Dns(name.to_owned());
    let mut names = vec![
        dns("localhost"),
        dns("*.localhost"),
        SubjectName::Address(Ipv4Addr::LOCALHOST.into()),
        SubjectName::Address(Ipv6Addr::LOCALHOST.into()),
        dns(&format!("cos.{region}.myqcloud.com")),
        dns(&format!("*.cos.{region}.myqcloud.com")),
        dns("service.cos.myqcloud.com"),
        dns("sts.tencentcloudapi.com"),
        dns(&format!("sts.{region}.tencentcloudapi.com")),
        dns("sts.internal.tencentcloudapi.com"),
        dns("cam.tencentcloudapi.com"),
        dns(&format!("cam.{region}.tencentcloudapi.com")),
    ];
    let asked = asked
        .iter()
        .flat_map(|name| [Some(name.clone()), name.wildcard()])
        .flatten();
    for name in asked {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether a client that trusts this root would accept the certificate.
fn holds(certificate: &Certificate, root: CertificateDer<'static>, now: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    let seconds = u64::try_from(now.unix_seconds()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let verifier = roots.add(root).ok().and_then(|()| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .ok()
    });
    let (Some(verifier), Ok(name)) = (verifier, ServerName::try_from("localhost")) else {
        return false;
    };
    verifier
        .verify_server_cert(certificate.der(), &[], &name, &[], now)
        .is_ok()
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), InitError> {
    private_file::write(path, text, mode).map_err(|source| InitError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use daypass_tls::{Certificates, TlsConfig};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

    fn region() -> Region {
        Region::parse("ap-guangzhou").unwrap()
    }

    fn can_be_shown(issued: &Issued) -> bool {
        let config = TlsConfig {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            certificate: issued.certificate.clone(),
            key: issued.key.clone(),
            reload_every: TlsConfig::RELOAD_EVERY,
        };
        Certificates::open(&config, NOW).is_ok()
    }

    fn authority() -> (tempfile::TempDir, Authority) {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::in_folder(folder.path().join("new").join("tls"));
        (folder, authority)
    }

    fn refusal(outcome: Result<Issued, InitError>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn what_is_made_fits_together_and_keeps_its_keys_private() {
        let (_folder, authority) = authority();
        let issued = authority
            .init(
                &region(),
                &["store.example.org".parse().unwrap(), "10.0.0.7".parse().unwrap()],
                NOW,
            )
            .unwrap();
        assert!(can_be_shown(&issued));
        let names: Vec<String> = issued.names.iter().map(ToString::to_string).collect();
        for name in [
            "localhost",
            "*.localhost",
            "127.0.0.1",
            "::1",
            "*.cos.ap-guangzhou.myqcloud.com",
            "sts.ap-guangzhou.tencentcloudapi.com",
            "store.example.org",
            "*.store.example.org",
            "10.0.0.7",
        ] {
            assert!(names.iter().any(|made| made == name), "{name}");
        }
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(authority.folder.clone()), 0o700);
        assert_eq!(
            (mode(authority.key()), mode(authority.authority_key())),
            (PRIVATE, PRIVATE)
        );
        assert_eq!(
            (mode(authority.certificate()), mode(authority.authority())),
            (PUBLIC, PUBLIC)
        );
    }

    #[test]
    fn lives_are_what_browsers_accept() {
        let (_folder, authority) = authority();
        let issued = authority.init(&region(), &[], NOW).unwrap();
        let validity = |path: &Path| {
            let certificate = CertificateDer::from_pem_file(path).unwrap();
            let validity = Validity::of(&certificate).unwrap();
            assert!(validity.begins < NOW);
            (validity.ends.unix_seconds() - validity.begins.unix_seconds()) / DAY_SECONDS
        };
        assert_eq!(validity(&issued.certificate), 397);
        assert_eq!(validity(&issued.authority), 3653);
    }

    #[test]
    fn nothing_is_overwritten_unasked() {
        let (_folder, authority) = authority();
        assert!(refusal(authority.renew(&region(), &[], NOW)).contains("leave `--renew` out"));
        authority.init(&region(), &[], NOW).unwrap();
        let before = std::fs::read(authority.certificate()).unwrap();
        assert!(refusal(authority.init(&region(), &[], NOW)).contains("`--renew`"));
        std::fs::remove_file(authority.authority()).unwrap();
        assert!(refusal(authority.init(&region(), &[], NOW)).contains("`--renew`"));
        assert_eq!(std::fs::read(authority.certificate()).unwrap(), before);
    }

    #[test]
    fn renewing_keeps_the_authority() {
        let (_folder, authority) = authority();
        authority.init(&region(), &[], NOW).unwrap();
        let read = |path: PathBuf| std::fs::read(path).unwrap();
        let before = (
            read(authority.authority()),
            read(authority.authority_key()),
            read(authority.key()),
        );
        let later = NOW.plus_seconds(300 * DAY_SECONDS);
        let issued = authority.renew(&region(), &[], later).unwrap();
        assert!(issued.ends > later.plus_seconds(395 * DAY_SECONDS));
        assert_eq!(read(authority.authority()), before.0);
        assert_eq!(read(authority.authority_key()), before.1);
        assert_ne!(read(authority.key()), before.2);
        assert!(can_be_shown(&issued));
    }

    #[test]
    fn a_certificate_does_not_outlive_its_authority() {
        let (_folder, authority) = authority();
        authority.init(&region(), &[], NOW).unwrap();
        let near_the_end = NOW.plus_seconds(3600 * DAY_SECONDS);
        let issued = authority.renew(&region(), &[], near_the_end).unwrap();
        assert_eq!(issued.ends, NOW.plus_seconds((3653 - 1) * DAY_SECONDS));
        let after = NOW.plus_seconds(3653 * DAY_SECONDS);
        assert!(refusal(authority.renew(&region(), &[], after)).contains("has expired"));
    }

    #[test]
    fn an_authority_that_is_none_is_refused() {
        let ((_one, authority), (_two, other)) = (authority(), authority());
        authority.init(&region(), &[], NOW).unwrap();
        other.init(&region(), &[], NOW).unwrap();
        let before = std::fs::read(authority.certificate()).unwrap();
        let check = |path: PathBuf, contents: &[u8]| {
            let good = std::fs::read(&path).unwrap();
            std::fs::write(&path, contents).unwrap();
            let refusal = refusal(authority.renew(&region(), &[], NOW));
            assert!(refusal.contains("no authority made by"), "{refusal}");
            std::fs::write(&path, good).unwrap();
        };
        for contents in [&b""[..], b"not PEM", b"\xff\xfe"] {
            check(authority.authority(), contents);
            check(authority.authority_key(), contents);
        }
        check(
            authority.authority_key(),
            &std::fs::read(other.authority_key()).unwrap(),
        );
        check(authority.authority(), &std::fs::read(other.authority()).unwrap());
        check(authority.authority(), &before);
        assert_eq!(std::fs::read(authority.certificate()).unwrap(), before);
        authority.renew(&region(), &[], NOW).unwrap();
    }

    #[test]
    fn names_are_bounded_and_not_repeated() {
        let name = |index: usize| SubjectName::Dns(format!("n{index}.example"));
        let many: Vec<_> = (0..=MAX_NAMES).map(name).collect();
        assert!(all_names(&region(), &many[..MAX_NAMES]).is_ok());
        assert!(matches!(
            all_names(&region(), &many),
            Err(InitError::TooManyNames)
        ));
        let usual = all_names(&region(), &[]).unwrap().len();
        let again = ["localhost", "127.0.0.1"].map(|name| name.parse().unwrap());
        assert_eq!(all_names(&region(), &again).unwrap().len(), usual);
    }
}
