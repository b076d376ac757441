//! What scripts name of the library of Python: modules, functions, constants, and how modules of the project are found.
//! A name that is not in these tables is not known, and whoever reaches it ends the attempt.

pub(super) mod arguments;
pub(super) mod dates;
pub(super) mod files;
pub(super) mod json;
pub(super) mod modules;
pub(super) mod paths;
pub(super) mod patterns;
pub(super) mod places;
pub(super) mod settings;
pub(super) mod small;
pub(super) mod starts;
pub(super) mod temporary;
pub(super) mod times;
pub(super) mod toml;
pub(super) mod trees;

use std::rc::Rc;

use super::calls::Given;
use super::play::Player;
use super::value::{Kind, Outcome, Stop, Value};

pub(super) const TEXT_METHODS: &str = "lower upper casefold title capitalize swapcase strip lstrip rstrip replace join format format_map \
    zfill removeprefix removesuffix ljust rjust center encode startswith endswith split \
    rsplit splitlines partition rpartition find rfind index rindex count isdigit isdecimal \
    isnumeric isalpha isalnum isspace isupper islower isidentifier isascii translate \
    expandtabs";
pub(super) const LIST_METHODS: &str =
    "append extend insert pop remove index count clear reverse copy sort";
pub(super) const DEQUE_METHODS: &str =
    "append appendleft extend pop popleft remove index count clear reverse copy";
pub(super) const DICT_METHODS: &str = "get items keys values copy clear pop popitem setdefault update most_common \
    move_to_end";
pub(super) const SET_METHODS: &str = "union difference intersection symmetric_difference issubset issuperset isdisjoint add \
    discard remove update clear copy";
pub(super) const PATH_METHODS: &str = "exists is_file is_dir is_symlink is_absolute iterdir glob rglob walk unlink rmdir mkdir \
    rename replace read_text read_bytes write_text write_bytes open touch stat lstat resolve \
    absolute expanduser joinpath with_name with_suffix with_stem relative_to is_relative_to \
    as_posix match samefile symlink_to chmod readlink";
pub(super) const FILE_METHODS: &str =
    "read readline readlines write writelines close flush fileno truncate seek tell isatty";
pub(super) const CONNECTION_METHODS: &str = "execute executemany executescript commit rollback close cursor set_trace_callback \
    create_function backup interrupt iterdump";
pub(super) const CURSOR_METHODS: &str =
    "execute executemany executescript fetchone fetchall fetchmany close";

/// Functions and types that need no import.
pub(super) const BUILTINS: &str = "print input len range str repr int float bool list tuple set frozenset dict sorted \
    reversed enumerate map filter zip min max sum any all isinstance callable getattr \
    hasattr setattr abs round divmod next iter type chr ord exit quit open object bytes \
    staticmethod classmethod property id hash locals globals vars eval exec compile \
    __import__ dir";

/// Names that Python has and that are not known here.
const UNREAD: &str = "bytearray memoryview complex slice super format bin oct hex pow ascii delattr issubclass \
    breakpoint help copyright credits license NotImplemented Ellipsis aiter anext \
    ExceptionGroup BaseExceptionGroup ReferenceError SystemError MemoryError BufferError \
    StopAsyncIteration FloatingPointError IndentationError TabError UnicodeTranslateError \
    ChildProcessError BrokenPipeError ConnectionAbortedError ConnectionRefusedError \
    ConnectionResetError InterruptedError ProcessLookupError RuntimeWarning SyntaxWarning \
    FutureWarning ImportWarning ResourceWarning BytesWarning EncodingWarning \
    PendingDeprecationWarning UnicodeWarning WindowsError EnvironmentError IOError \
    PythonFinalizationError";

/// Tells whether a word is among others.
pub(super) fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|one| one == word)
}

pub(super) fn is_unread(name: &str) -> bool {
    has(UNREAD, name)
}

/// Names that no value of the language has: they tell what kind of value it is.
pub(super) fn is_nobodys(name: &str) -> bool {
    const NOBODYS: &[&str] = &[
        "items",
        "keys",
        "read",
        "write",
        "append",
        "get",
        "name",
        "fileno",
        "isoformat",
        "exists",
    ];
    NOBODYS.contains(&name)
}

/// Modules of the library whose names are known here, each with them.
const MODULES: &[(&str, &str)] = &[
    (
        "os",
        "path remove unlink rmdir removedirs rename replace renames mkdir makedirs listdir \
         scandir walk chdir getcwd getenv environ system stat lstat access getpid sep \
         linesep name curdir pardir fspath chmod utime getuid geteuid fsync truncate symlink \
         link readlink umask fdopen close write devnull PathLike F_OK R_OK W_OK X_OK cpu_count isatty putenv unsetenv \
         error getlogin popen",
    ),
    (
        "os.path",
        "join exists lexists isfile isdir islink isabs basename dirname splitext split \
         abspath realpath normpath relpath expanduser expandvars getmtime getctime getatime \
         getsize commonpath sep samefile",
    ),
    (
        "sys",
        "argv exit stdin stdout stderr platform path executable version_info maxsize \
         stdout.write stderr.write stdout.flush stderr.flush path.insert path.append \
         stdin.read stdin.readline stdin.readlines stdin.isatty stdout.isatty stdin.buffer \
         getrecursionlimit byteorder stdout.reconfigure",
    ),
    (
        "shutil",
        "rmtree copy copy2 copyfile copytree move copymode copystat which disk_usage \
         ignore_patterns Error SameFileError copyfileobj get_terminal_size",
    ),
    (
        "pathlib",
        "Path PurePath PosixPath PurePosixPath Path.cwd Path.home",
    ),
    ("glob", "glob iglob escape"),
    ("fnmatch", "fnmatch fnmatchcase filter"),
    ("json", "loads load dumps dump JSONDecodeError decoder"),
    ("tomllib", "loads load TOMLDecodeError"),
    ("configparser", "ConfigParser RawConfigParser Error"),
    (
        "csv",
        "reader DictReader writer DictWriter QUOTE_MINIMAL QUOTE_ALL",
    ),
    (
        "argparse",
        "ArgumentParser Namespace RawDescriptionHelpFormatter RawTextHelpFormatter \
         ArgumentDefaultsHelpFormatter ArgumentTypeError BooleanOptionalAction SUPPRESS \
         REMAINDER HelpFormatter OPTIONAL ZERO_OR_MORE ONE_OR_MORE",
    ),
    (
        "time",
        "time sleep strftime localtime gmtime monotonic perf_counter ctime time_ns",
    ),
    ("datetime", "datetime date timedelta timezone UTC"),
    (
        "datetime.datetime",
        "now utcnow today fromtimestamp utcfromtimestamp strptime fromisoformat",
    ),
    ("datetime.date", "today fromtimestamp fromisoformat"),
    ("datetime.timezone", "utc"),
    (
        "re",
        "compile match search fullmatch findall finditer sub split escape I IGNORECASE M \
         MULTILINE S DOTALL X VERBOSE A ASCII error Pattern Match",
    ),
    (
        "collections",
        "defaultdict Counter OrderedDict namedtuple deque abc",
    ),
    (
        "collections.abc",
        "Iterable Iterator Sequence Mapping Callable Generator Collection MutableMapping",
    ),
    (
        "functools",
        "partial wraps lru_cache cache reduce cached_property total_ordering",
    ),
    (
        "itertools",
        "chain chain.from_iterable islice product groupby count zip_longest accumulate \
         pairwise",
    ),
    ("enum", "Enum auto"),
    ("operator", "itemgetter attrgetter"),
    (
        "contextlib",
        "contextmanager closing suppress nullcontext redirect_stdout redirect_stderr \
         AbstractContextManager",
    ),
    ("dataclasses", "dataclass field asdict replace fields"),
    (
        "tempfile",
        "mkdtemp TemporaryDirectory gettempdir mkstemp NamedTemporaryFile",
    ),
    (
        "subprocess",
        "run call check_call check_output Popen PIPE DEVNULL STDOUT CalledProcessError \
         SubprocessError TimeoutExpired",
    ),
    (
        "logging",
        "getLogger basicConfig debug info warning error critical exception log DEBUG INFO \
         WARNING ERROR CRITICAL disable Logger",
    ),
    (
        "string",
        "ascii_letters ascii_lowercase ascii_uppercase digits punctuation whitespace \
         hexdigits",
    ),
    ("textwrap", "dedent indent fill shorten"),
    ("uuid", "uuid4 uuid1"),
    (
        "random",
        "random randint randrange uniform choice seed Random",
    ),
    ("secrets", "token_hex token_urlsafe"),
    ("hashlib", "sha256 md5 sha1 sha512 blake2b"),
    ("math", "ceil floor sqrt pi inf isclose"),
    ("copy", "copy deepcopy"),
    ("getpass", "getuser"),
    ("platform", "system node"),
    ("socket", "gethostname"),
    ("warnings", "warn filterwarnings simplefilter"),
    ("traceback", "print_exc format_exc"),
    ("pprint", "pprint pformat"),
    ("errno", ""),
    ("abc", "ABC abstractmethod"),
    ("io", "StringIO BytesIO TextIOWrapper"),
    ("shlex", "quote join split"),
    (
        "typing",
        "Any Optional Union List Dict Tuple Set FrozenSet Iterable Iterator Callable \
         Generator Sequence Mapping NamedTuple TYPE_CHECKING Protocol Generic ClassVar \
         Literal Final Type cast TextIO IO NoReturn TypedDict TypeVar Self Annotated \
         overload final override",
    ),
    (
        "sqlite3",
        "connect Row Error OperationalError IntegrityError DatabaseError ProgrammingError \
         Connection Cursor sqlite_version PARSE_DECLTYPES PARSE_COLNAMES Warning \
         InterfaceError DataError InternalError NotSupportedError",
    ),
];

/// Modules that do nothing by being loaded; what they hold is not known.
const OTHERS: &str = "__future__ _abc _aix_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 _codecs \
    _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections \
    _collections_abc _compat_pickle _compression _contextvars _crypt _csv _ctypes _curses \
    _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib \
    _frozen_importlib_external _functools _gdbm _hashlib _heapq _imp _io _json _locale \
    _lsprof _lzma _markupbase _md5 _msi _multibytecodec _multiprocessing _opcode _operator \
    _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc _pydecimal _pyio \
    _queue _random _scproxy _sha1 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket \
    _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable _thread \
    _threading_local _tkinter _tokenize _tracemalloc _typing _uuid _warnings _weakref \
    _weakrefset _winapi _zoneinfo aifc antigravity array ast asynchat asyncio asyncore \
    atexit audioop base64 bdb binascii bisect bz2 cProfile calendar cgi cgitb chunk cmath \
    cmd code codecs codeop colorsys compileall concurrent contextvars copyreg crypt ctypes \
    curses dbm decimal difflib dis distutils doctest email encodings ensurepip faulthandler \
    fcntl filecmp fileinput fractions ftplib gc genericpath getopt gettext graphlib grp gzip \
    heapq hmac html http idlelib imaplib imghdr imp importlib inspect ipaddress keyword \
    lib2to3 linecache locale lzma mailbox mailcap marshal mimetypes mmap modulefinder msilib \
    msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode optparse \
    ossaudiodev pdb pickle pickletools pipes pkgutil plistlib poplib posix posixpath profile \
    pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri readline reprlib \
    resource rlcompleter runpy sched select selectors shelve signal site sitecustomize smtpd \
    smtplib sndhdr socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat \
    statistics stringprep struct sunau symtable sysconfig syslog tabnanny tarfile telnetlib \
    termios test this threading timeit tkinter token tokenize trace tracemalloc tty turtle \
    turtledemo types unicodedata unittest urllib usercustomize uu venv wave weakref \
    webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib \
    zoneinfo builtins";

/// Tells whether a module is one of the language itself, so that a file of the same name would stand in its way.
pub(super) fn is_standard(name: &str) -> bool {
    has(OTHERS, name) || MODULES.iter().any(|(one, _)| *one == name)
}

/// Tells whether a module is known with its names.
pub(super) fn module(name: &str) -> Option<&'static str> {
    MODULES
        .iter()
        .find(|(one, _)| *one == name)
        .map(|(one, _)| *one)
}

/// Returns the name of the library that is written so.
pub(super) fn name(full: &str) -> Option<&'static str> {
    // The names are put together once, and kept for the life of the program: they are few, and the same in every script.
    static ALL: std::sync::OnceLock<std::collections::BTreeSet<String>> =
        std::sync::OnceLock::new();
    let all = ALL.get_or_init(|| {
        let names = MODULES.iter().flat_map(|(module, names)| {
            names
                .split_whitespace()
                .map(move |name| format!("{module}.{name}"))
        });
        names
            .chain(MODULES.iter().map(|(module, _)| (*module).to_owned()))
            .collect()
    });
    all.get(full).map(String::as_str)
}

/// Tells whether a name of the library is a number or a text, and no function.
pub(super) fn is_constant(name: &str) -> bool {
    let Some((module, last)) = name.rsplit_once('.') else {
        return false;
    };
    let shouted = last.chars().any(|char| char.is_ascii_uppercase())
        && !last.chars().any(|char| char.is_ascii_lowercase());
    let small = [
        "sqlite_version",
        "pi",
        "inf",
        "whitespace",
        "punctuation",
        "umask",
        "executable",
    ];
    shouted && last != "ABC" || small.contains(&last) || matches!(module, "string" | "errno")
}

/// Tells whether a name may be followed by brackets in an annotation.
pub(super) fn is_type(name: &str) -> bool {
    matches!(
        name,
        "list" | "dict" | "tuple" | "set" | "frozenset" | "type"
    ) || name.starts_with("typing.")
        || name.starts_with("collections.abc.")
        || matches!(
            name,
            "collections.defaultdict"
                | "collections.Counter"
                | "re.Pattern"
                | "re.Match"
                | "os.PathLike"
        )
}

/// Modules that only reckon: what they give for values that nobody can change does nothing.
pub(super) fn reckons(name: &str) -> bool {
    let module = name.split('.').next().unwrap_or_default();
    let inside = ["os.path", "sys.version_info"];
    matches!(
        module,
        "math"
            | "re"
            | "datetime"
            | "textwrap"
            | "string"
            | "shlex"
            | "fnmatch"
            | "hashlib"
            | "platform"
            | "errno"
    ) || inside.iter().any(|front| name.starts_with(front))
}

/// Tells whether a function gives a date that is known.
fn is_date(name: &str) -> bool {
    let made = ["datetime.date", "datetime.datetime"];
    made.contains(&name) || name.ends_with(".strptime") || name.ends_with(".fromisoformat")
}

/// Functions that need no import and only reckon.
pub(super) fn is_reckoner(name: &str) -> bool {
    has("bin oct hex pow ascii complex format", name)
}

impl Player<'_> {
    /// Calls something of the library.
    pub fn call_library(&mut self, name: &'static str, given: Given) -> Outcome<Value> {
        // Whether it raises something is not known.
        let inert = self.tries == 0 && reckons(name) && given.is_plain();
        match self.call_known(name, given) {
            Err(Stop::Lost) if inert => Ok(Value::Unknown(Kind::Inert)),
            told => told,
        }
    }

    fn call_known(&mut self, name: &'static str, given: Given) -> Outcome<Value> {
        if !name.contains('.') || name == "object.__init__" {
            return self.call_builtin(name, given)?.ok_or(Stop::Lost);
        }
        let module = name.split('.').next().unwrap_or_default();
        match module {
            "os" if name.starts_with("os.path.") => self.call_os_path(name, given),
            "os" => self.call_os(name, given),
            "shutil" | "glob" => self.call_trees(name, given),
            "pathlib" => self.call_pathlib(name, given),
            "sys" => self.call_sys(name, given),
            "json" => self.call_json(name, given),
            "argparse" => self.call_argparse(name, given),
            "datetime" if is_date(name) => self.call_dates(name, given),
            "time" | "datetime" => self.call_times(name, given),
            "re" => self.call_re(name, given),
            "tomllib" => self.call_toml(name, given),
            "configparser" | "csv" => self.call_settings(name, given),
            "subprocess" => self.call_subprocess(name, given),
            "sqlite3" => self.call_sqlite(name, given),
            "logging" | "warnings" | "traceback" | "pprint" => self.call_told(name, given),
            _ => self.call_small(name, given),
        }
    }

    /// Returns a value of the library that is no function.
    pub fn constant(&mut self, whole: &str, name: &str) -> Outcome<Option<Value>> {
        let number = |number: i128| Ok(Some(Value::Int(number)));
        match (whole, name) {
            ("sys", "argv") => Ok(Some(self.argv.clone())),
            ("sys", "platform") => Ok(Some(Value::text("linux"))),
            ("sys", "executable") => Ok(Some(Value::Unknown(Kind::Text))),
            ("sys", "maxsize") => number(i128::from(i64::MAX)),
            ("sys", "byteorder") => Ok(Some(Value::text("little"))),
            ("os" | "os.path", "sep") => Ok(Some(Value::text("/"))),
            ("os", "linesep") => Ok(Some(Value::text("\n"))),
            ("os", "devnull") => Ok(Some(Value::text("/dev/null"))),
            ("sqlite3", "sqlite_version") => Ok(Some(Value::Unknown(Kind::Text))),
            ("os", "name") => Ok(Some(Value::text("posix"))),
            ("os", "curdir") => Ok(Some(Value::text("."))),
            ("os", "pardir") => Ok(Some(Value::text(".."))),
            ("re", "I" | "IGNORECASE") => number(2),
            ("re", "M" | "MULTILINE") => number(8),
            ("re", "S" | "DOTALL") => number(16),
            ("re", "X" | "VERBOSE") => number(64),
            ("re", "A" | "ASCII") => number(256),
            ("subprocess", "PIPE") => number(-1),
            ("subprocess", "STDOUT") => number(-2),
            ("subprocess", "DEVNULL") => number(-3),
            ("logging", "DEBUG") => number(10),
            ("logging", "INFO") => number(20),
            ("logging", "WARNING") => number(30),
            ("logging", "ERROR") => number(40),
            ("logging", "CRITICAL") => number(50),
            ("typing", "TYPE_CHECKING") => Ok(Some(Value::Bool(false))),
            ("sqlite3", "PARSE_DECLTYPES" | "PARSE_COLNAMES") => Err(Stop::Lost),
            ("sys.version_info", "major") => number(3),
            ("string", _) => Ok(letters(name).map(Value::text)),
            ("argparse", "OPTIONAL") => Ok(Some(Value::text("?"))),
            ("argparse", "ZERO_OR_MORE") => Ok(Some(Value::text("*"))),
            ("argparse", "ONE_OR_MORE") => Ok(Some(Value::text("+"))),
            ("argparse", "REMAINDER") => Ok(Some(Value::text("..."))),
            ("argparse", "SUPPRESS") => Ok(Some(Value::text("==SUPPRESS=="))),
            ("datetime", "UTC") => Ok(Some(Value::Library("datetime.timezone.utc"))),
            ("sys.stdin" | "sys.stdout" | "sys.stderr", "buffer" | "encoding") => Err(Stop::Lost),
            ("pathlib.Path" | "datetime.datetime" | "datetime.date", "__name__") => Err(Stop::Lost),
            ("os.environ", method) => match has(DICT_METHODS, method) {
                true => Ok(Some(Value::Method(Rc::new((
                    Value::Library("os.environ"),
                    Rc::from(method),
                ))))),
                false => Err(Stop::Lost),
            },
            ("dict", "fromkeys") => Ok(Some(Value::Library("dict.fromkeys"))),
            _ => Ok(None),
        }
    }
}

fn letters(name: &str) -> Option<&'static str> {
    Some(match name {
        "ascii_letters" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ascii_lowercase" => "abcdefghijklmnopqrstuvwxyz",
        "ascii_uppercase" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "digits" => "0123456789",
        "hexdigits" => "0123456789abcdefABCDEF",
        _ => return None,
    })
}
