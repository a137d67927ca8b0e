//! A proxy that is given field by field: a row of a table, or an object of JSON.

use proxydeck_domain::{Endpoint, EndpointError, Hints, Protocol};

use crate::RefusalReason;
use crate::labels::{self, Claim};
use crate::reading::{self, Reading};
use crate::text;

/// How well the name of a field says that it holds the address to dial. The best one that is filled in counts.
const ADDRESS_RANKS: usize = 3;

/// What a field is for, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// An address: of rank 0 (`ip`), 1 (`host`, `server`, …) or 2 (`proxy`, `url`: mostly with the port in it).
    Address(usize),
    Port,
    /// The port for one protocol (`port_socks5`).
    PortOf(Protocol),
    Protocols,
    /// The same, but a bare `4` or `5` may be the version of something else.
    Version,
    User,
    Password,
    /// A yes or no for one protocol (`socks4`), or whether TLS targets work (`https`, `ssl`, `secure`).
    Flag(Protocol),
    /// Something that only proxies of other worlds have (`uuid`, `cipher`).
    Foreign,
    /// How something is encrypted or asked for: a server of Shadowsocks says what it is by its cipher only.
    Method,
}

/// Names of fields in the languages that lists are written in: small letters, and nothing but letters and digits.
const NAMES: &[(Field, &[&str])] = &[
    (
        Field::Address(0),
        &[
            "ip",
            "ips",
            "ipaddress",
            "ipaddr",
            "ipadress",
            "ipv4",
            "ipv6",
            "proxyip",
            "proxyipaddress",
            "ipproxy",
            "prxip",
            "serverip",
            "hostip",
            "ip地址",
            "ip位址",
            "ip代理",
            "代理ip",
            "代理ip地址",
            "代理ip位址",
            "ipадрес",
            "ipадреспрокси",
            "ipпрокси",
            "айпи",
            "direccionip",
            "direcciónip",
            "endereçoip",
            "enderecoip",
            "endereçodeip",
            "ipadresse",
            "adresseip",
            "indirizzoip",
            "adresip",
            "ipadres",
            "ipadresi",
            "ipアドレス",
            "アイピー",
            "ip주소",
            "아이피",
            "địachỉip",
            "diachiip",
            "alamatip",
            "ipаддрес",
            "ipадреса",
            "адресаip",
            "ipadresa",
            "ipadreso",
            "ipadress",
            "ipcím",
            "διεύθυνσηip",
            "عنوانip",
            "آدرسip",
            "ทีอยูip",
            "iposoite",
            "ipaadress",
            "ipadrese",
            "ipadresas",
            "ipnaslov",
            "כתובתip",
            "आईपीपता",
            "adresăip",
            "adresaip",
            "代理服务器ip",
            "代理伺服器ip",
            "服务器ip",
            "伺服器ip",
            "sunucuip",
            "iphost",
            "iporhost",
            "iphostname",
            "ipserver",
            "プロキシip",
            "프록시ip",
        ],
    ),
    (
        Field::Address(1),
        &[
            "host",
            "hostname",
            "server",
            "serveraddress",
            "address",
            "addr",
            "proxyhost",
            "proxyaddress",
            "proxyserver",
            "proxyhostname",
            "proxyaddr",
            "hostaddress",
            "地址",
            "位址",
            "主机",
            "主機",
            "主机名",
            "主機名",
            "服务器",
            "伺服器",
            "服务器地址",
            "伺服器位址",
            "代理地址",
            "代理位址",
            "代理服务器",
            "代理伺服器",
            "адрес",
            "адреспрокси",
            "адрессервера",
            "хост",
            "сервер",
            "dirección",
            "direccion",
            "servidor",
            "endereço",
            "endereco",
            "adresse",
            "serveur",
            "hôte",
            "indirizzo",
            "アドレス",
            "ホスト",
            "サーバー",
            "サーバ",
            "주소",
            "호스트",
            "서버",
            "adres",
            "sunucu",
            "địachỉ",
            "diachi",
            "máychủ",
            "alamat",
            "proxyadresse",
            "adresseproxy",
            "direcciónproxy",
            "endereçoproxy",
            "プロキシアドレス",
            "프록시주소",
        ],
    ),
    (
        Field::Address(2),
        &[
            "proxy",
            "ipport",
            "ipaddressport",
            "hostport",
            "hostnameport",
            "addressport",
            "proxyaddressport",
            "proxyipport",
            "proxyhostport",
            "endpoint",
            "full",
            "raw",
            "proxyline",
            "proxyfull",
            "fulladdress",
            "fullproxy",
            "hostandport",
            "ipandport",
            "socket",
            "proxyurl",
            "url",
            "uri",
            "代理",
            "ip端口",
            "ip地址端口",
            "ip地址和端口",
            "代理端口号",
            "прокси",
            "адреспорт",
            "ipпорт",
            "ipадреспорт",
            "ippuerto",
            "direcciónippuerto",
            "ipporta",
            "プロキシ",
            "ipポート",
            "프록시",
            "ip포트",
            "serveurproxy",
            "ipcổng",
            "curl",
            "proxystring",
            "connectionstring",
            "vekil",
        ],
    ),
    (
        Field::Port,
        &[
            "port",
            "ports",
            "proxyport",
            "portnumber",
            "portno",
            "portnum",
            "serverport",
            "prxport",
            "端口",
            "端口号",
            "端口號",
            "连接端口",
            "連接埠",
            "连接埠",
            "埠",
            "埠號",
            "通訊埠",
            "порт",
            "портпрокси",
            "номерпорта",
            "puerto",
            "puertos",
            "porta",
            "portas",
            "portnummer",
            "numerodeport",
            "numérodeport",
            "poort",
            "ポート",
            "ポート番号",
            "포트",
            "포트번호",
            "bağlantınoktası",
            "portnumarası",
            "cổng",
            "cong",
            "portu",
            "nomorport",
            "portproxy",
            "代理端口",
            "代理端口号",
            "代理埠",
            "port号",
            "port號",
            "port端口",
            "端口port",
            "المنفذ",
            "منفذ",
            "پورت",
            "portti",
            "θύρα",
            "พอรต",
            "פורט",
            "पोरट",
            "プロキシポート",
            "프록시포트",
        ],
    ),
    (Field::PortOf(Protocol::Http), &["porthttp", "httpport"]),
    (Field::PortOf(Protocol::Https), &["porthttps", "httpsport", "portssl", "sslport"]),
    (Field::PortOf(Protocol::Socks4), &["portsocks4", "socks4port"]),
    (Field::PortOf(Protocol::Socks5), &["portsocks5", "socks5port"]),
    (
        Field::Protocols,
        &[
            "protocol",
            "protocols",
            "protocolslist",
            "type",
            "types",
            "scheme",
            "schemes",
            "schema",
            "proxytype",
            "proxytypes",
            "prxtype",
            "proxyprotocol",
            "proxyprotocols",
            "protocoltype",
            "proto",
            "kind",
            "proxykind",
            "supportedprotocols",
            "协议",
            "协议类型",
            "代理协议",
            "支持协议",
            "協定",
            "协定",
            "通訊協定",
            "協議",
            "类型",
            "類型",
            "代理类型",
            "代理類型",
            "тип",
            "типпрокси",
            "протокол",
            "протоколы",
            "tipo",
            "tipodeproxy",
            "tipos",
            "protocolo",
            "protocolos",
            "typ",
            "proxytyp",
            "protokoll",
            "protocole",
            "protocoles",
            "typedeproxy",
            "protocollo",
            "プロトコル",
            "タイプ",
            "種類",
            "프로토콜",
            "유형",
            "종류",
            "tür",
            "türü",
            "tip",
            "protokol",
            "loại",
            "loạiproxy",
            "giaothức",
            "jenis",
            "jenisproxy",
            "tipe",
            "النوع",
            "نوع",
            "البروتوكول",
            "پروتکل",
            "típus",
            "τύπος",
            "πρωτόκολλο",
            "ประเภท",
            "โปรโตคอล",
            "tyyppi",
            "סוג",
            "פרוטוקול",
            "परकार",
            "परोटोकॉल",
            "类别",
            "類別",
            "协议类别",
            "支持的协议",
            "protokół",
            "tipproxy",
            "tipproxija",
            "proxytip",
            "vrsta",
            "typproxy",
            "типсервера",
        ],
    ),
    (Field::Version, &["version", "socksversion", "версия", "версияпрокси", "versión"]),
    (
        Field::User,
        &[
            "user",
            "username",
            "login",
            "proxyuser",
            "proxyusername",
            "proxylogin",
            "authuser",
            "用户名",
            "用户",
            "账号",
            "帐号",
            "使用者",
            "使用者名稱",
            "帳號",
            "пользователь",
            "логин",
            "usuario",
            "usuário",
            "benutzer",
            "benutzername",
            "utilisateur",
            "identifiant",
            "ユーザー名",
            "ユーザー",
            "사용자",
            "사용자이름",
            "kullanıcı",
            "kullanıcıadı",
            "tênđăngnhập",
            "namapengguna",
        ],
    ),
    (
        Field::Password,
        &[
            "pass",
            "password",
            "passwd",
            "pwd",
            "proxypass",
            "proxypassword",
            "authpass",
            "authpassword",
            "密码",
            "密碼",
            "口令",
            "пароль",
            "contraseña",
            "senha",
            "passwort",
            "kennwort",
            "hasło",
            "motdepasse",
            "パスワード",
            "비밀번호",
            "şifre",
            "parola",
            "mậtkhẩu",
            "katasandi",
        ],
    ),
    (Field::Flag(Protocol::Http), &["http", "supportshttp", "ishttp", "支持http"]),
    (
        Field::Flag(Protocol::Https),
        &[
            "https",
            "ssl",
            "secure",
            "httpsssl",
            "supporthttps",
            "supportshttps",
            "ishttps",
            "httpssupport",
            "sslsupport",
            "支持https",
            "https支持",
            "是否支持https",
            "支持ssl",
        ],
    ),
    (Field::Flag(Protocol::Socks4), &["socks4", "supportssocks4", "issocks4", "支持socks4"]),
    (Field::Flag(Protocol::Socks5), &["socks5", "supportssocks5", "issocks5", "支持socks5"]),
    (Field::Method, &["method", "encryptmethod", "encryption", "加密方式", "加密"]),
    (
        Field::Foreign,
        &[
            "uuid",
            "cipher",
            "alterid",
            "obfs",
            "obfspassword",
            "psk",
            "privatekey",
            "publickey",
            "authstr",
            "secret",
            "vnext",
            "realityopts",
            "wsopts",
            "grpcopts",
        ],
    ),
];

/// Letters and digits of a name, small.
pub(crate) fn normal_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The longest name of a field that is looked up; the head of a column is no sentence.
const MAX_NAME: usize = 64;

impl Field {
    /// Tells the field by its name, whatever its case and whatever divides its words. None for all other fields:
    /// `exit_ip`, `internal_ip` or `export_address` are no proxies.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if name.is_empty() || name.len() > MAX_NAME {
            return None;
        }
        let name = normal_name(name);
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
    }
}

/// What a single yes-or-no field for TLS targets says in lists of HTTP proxies. Where it is `Each`, a bare `4` or `5` in a
/// field for types is a version of SOCKS too; elsewhere such numbers are codes of some program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LoneFlag {
    /// That they are HTTP proxies, of which some also tunnel.
    #[default]
    Http,
    /// Which of them are to be called HTTPS, as the tables of pages mean it.
    Each,
}

/// The fields of one proxy, as texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record<'a> {
    addresses: [&'a str; ADDRESS_RANKS],
    port: &'a str,
    ports_of: Vec<(Protocol, &'a str)>,
    claim: Claim,
    /// Whether any field is for protocols, so that flags are not asked.
    has_protocols: bool,
    user: &'a str,
    password: &'a str,
    flags: Hints,
    flag_fields: usize,
    is_foreign: bool,
    pub(crate) lone_flag: LoneFlag,
}

impl<'a> Record<'a> {
    /// Fills in a field. The first of several that are for the same thing counts.
    pub(crate) fn set(&mut self, field: Field, value: &'a str) {
        let value = value.trim();
        // A user may be called anything.
        let is_account = matches!(field, Field::User | Field::Password);
        let value = if !is_account && is_nothing(value) { "" } else { value };
        let fill = |slot: &mut &'a str| {
            if slot.is_empty() {
                *slot = value;
            }
        };
        match field {
            Field::Address(rank) => fill(&mut self.addresses[rank]),
            Field::Port => fill(&mut self.port),
            Field::PortOf(protocol) if !value.is_empty() => self.ports_of.push((protocol, value)),
            Field::PortOf(_) => {}
            Field::Foreign => self.is_foreign |= !value.is_empty(),
            Field::Method => self.is_foreign |= is_cipher(value),
            Field::Protocols | Field::Version => {
                self.has_protocols = true;
                let mut claim = Claim::of_column(value);
                if field == Field::Protocols && self.lone_flag == LoneFlag::Each && claim.hints.is_empty() {
                    claim.hints = labels::bare_versions(value);
                }
                self.claim.hints = self.claim.hints.union(claim.hints);
                self.claim.foreign |= claim.foreign;
                self.claim.near_miss |= claim.near_miss;
            }
            Field::User => fill(&mut self.user),
            Field::Password => fill(&mut self.password),
            Field::Flag(protocol) => {
                self.flag_fields += 1;
                if is_yes(value) {
                    self.flags = self.flags.with(protocol);
                }
            }
        }
    }

    /// The address that counts: the best one that is filled in, and without a port beside it the best one that may hold
    /// the port as well.
    pub(crate) fn address(&self) -> &'a str {
        let best = |wanted: fn(&&&str) -> bool| self.addresses.iter().find(wanted).copied();
        let with_port = if self.has_port() { None } else { best(|a| a.contains(':') && !is_bare_v6(a)) };
        with_port.or_else(|| best(|a| !a.is_empty())).unwrap_or_default()
    }

    /// The record as the text of a refusal: what was to be dialled, never the account.
    pub(crate) fn summary(&self) -> String {
        let port = self.ports_of.first().map_or(self.port, |(_, port)| port);
        let divider = if port.is_empty() { "" } else { ":" };
        format!("{}{divider}{port}", self.address())
    }

    /// Forgets the protocols that it states, because they are told of each of its ports.
    pub(crate) fn forget_protocols(&mut self) {
        self.claim = Claim { foreign: self.claim.foreign, ..Claim::default() };
    }

    /// Takes in that the proxy itself is spoken to in TLS, as configurations say it: of HTTP that is what is called HTTPS;
    /// SOCKS in TLS is another protocol.
    pub(crate) fn wrap_in_tls(&mut self) {
        if self.claim.hints == Hints::NONE.with(Protocol::Http) {
            self.claim.hints = Hints::NONE.with(Protocol::Https);
        } else if self.claim.hints.contains(Protocol::Socks4) || self.claim.hints.contains(Protocol::Socks5) {
            self.is_foreign = true;
        }
    }

    /// The protocols that it states.
    pub(crate) fn claim(&self) -> Claim {
        Claim { foreign: self.claim.foreign || self.is_foreign, ..self.claim.clone() }
    }

    /// Whether there is enough in it to be meant as a proxy: an address with a port beside it or in it.
    pub(crate) fn is_proxy(&self) -> bool {
        let address = self.address();
        !address.is_empty() && (self.has_port() || address.contains(':'))
    }

    /// Whether a port stands beside the address.
    pub(crate) fn has_port(&self) -> bool {
        !self.port.is_empty() || !self.ports_of.is_empty()
    }

    /// Reads the fields. `inherited` is what stands around the record and counts where it says nothing itself.
    pub(crate) fn read(&self, inherited: Hints, into: &mut Reading) {
        if self.claim.foreign || self.is_foreign {
            return into.note(RefusalReason::OtherScheme);
        }
        if self.claim.near_miss && self.claim.hints.is_empty() {
            return into.note(RefusalReason::UnknownProtocol);
        }
        let before = into.found.len();
        let (stated, fallback) = self.protocols(inherited);
        if let Err(reason) = self.read_endpoints(stated, into) {
            into.note(reason);
        }
        for found in &mut into.found[before..] {
            found.fallback = fallback;
        }
    }

    /// What the record states, and what its shape suggests.
    fn protocols(&self, inherited: Hints) -> (Hints, Option<Protocol>) {
        if !self.claim.hints.is_empty() {
            return (self.claim.hints, None);
        }
        // Several yes-or-no columns name the protocols. A single one, mostly `https`, belongs to a list of HTTP
        // proxies and says which of them also tunnel.
        match self.flag_fields {
            _ if self.has_protocols => (inherited, None),
            0 => (inherited, None),
            1 if self.lone_flag == LoneFlag::Each && inherited.is_empty() => {
                (if self.flags.is_empty() { Hints::NONE.with(Protocol::Http) } else { self.flags }, None)
            }
            1 => (inherited, Some(Protocol::Http)),
            _ if self.flags.is_empty() => (inherited, None),
            _ => (self.flags, None),
        }
    }

    fn read_endpoints(&self, stated: Hints, into: &mut Reading) -> Result<(), RefusalReason> {
        let address = self.address();
        if address.is_empty() {
            return Err(RefusalReason::NoAddress);
        }
        let account = self.account()?;
        if !self.ports_of.is_empty() {
            let host = text::host(address.as_bytes())?;
            for &(protocol, port) in &self.ports_of {
                match parse_port(port).and_then(|port| Endpoint::new(host.clone(), port)) {
                    Ok(endpoint) => into.take(endpoint, account.clone(), Hints::NONE.with(protocol)),
                    Err(error) => into.note(error.into()),
                }
            }
            return Ok(());
        }
        match text::host(address.as_bytes()) {
            Ok(_) if self.port.is_empty() => Err(RefusalReason::NoPort),
            Ok(host) => {
                into.take(Endpoint::new(host, parse_port(self.port)?)?, account, stated);
                Ok(())
            }
            // The field may hold the port as well, or a whole URI.
            Err(_) if address.contains(':') => {
                // `"host": "http://192.0.2.1", "port": 80`.
                if let Some((scheme, host)) = address.split_once("://")
                    && let Some(protocol) = labels::scheme(scheme.as_bytes())
                    && !self.port.is_empty()
                    && let Ok(host) = text::host(host.trim_end_matches('/').as_bytes())
                {
                    let stated = if stated.is_empty() { Hints::NONE.with(protocol) } else { stated };
                    into.take(Endpoint::new(host, parse_port(self.port)?)?, account, stated);
                    return Ok(());
                }
                let mut inner = Reading::default();
                text::read(address.as_bytes(), &mut inner);
                if inner.found.is_empty() {
                    return Err(inner.problem.unwrap_or(RefusalReason::Syntax));
                }
                for found in inner.found {
                    let account = found.proxy.account.or_else(|| account.clone());
                    let stated = if self.claim.hints.is_empty() && !found.stated.is_empty() {
                        found.stated
                    } else {
                        stated
                    };
                    into.take(found.proxy.endpoint, account, stated);
                }
                Ok(())
            }
            Err(reason) => Err(reason),
        }
    }

    fn account(&self) -> Result<Option<proxydeck_domain::Account>, RefusalReason> {
        let is_empty = |text: &str| text.is_empty() || is_nothing(text);
        if is_empty(self.user) && is_empty(self.password) {
            return Ok(None);
        }
        reading::account(self.user.as_bytes(), self.password.as_bytes()).map(Some)
    }
}

/// Whether a cell says that there is nothing to say.
fn is_nothing(value: &str) -> bool {
    ["-", "—", "–", "--", "null", "none", "nil", "n/a", "nan"]
        .iter()
        .any(|nothing| value.eq_ignore_ascii_case(nothing))
}

/// Whether a method is a cipher of Shadowsocks.
fn is_cipher(method: &str) -> bool {
    const CIPHERS: [&str; 9] =
        ["aes-", "chacha20", "xchacha20", "rc4", "2022-blake3", "camellia-", "bf-cfb", "salsa20", "plain"];
    let method = method.to_ascii_lowercase();
    CIPHERS.iter().any(|cipher| method.starts_with(cipher))
}

/// Whether a text is an IPv6 address alone, whose colons are no divider of a port.
fn is_bare_v6(text: &str) -> bool {
    text.matches(':').count() > 1 && text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Reads a port. Tools that know fractions only write `8080.0`.
fn parse_port(port: &str) -> Result<u16, EndpointError> {
    Endpoint::parse_port(port.strip_suffix(".0").unwrap_or(port))
}

pub(crate) fn is_yes(value: &str) -> bool {
    [
        "1", "true", "yes", "y", "+", "✓", "✔", "√", "是", "支持", "да", "sí", "si", "sim", "ja", "oui",
        "はい", "예", "evet", "có", "ya",
    ]
    .iter()
    .any(|yes| value.eq_ignore_ascii_case(yes))
}
