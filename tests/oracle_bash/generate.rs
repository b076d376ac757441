//! Scripts by composition: every construct around every other, with programs that are recorded at the bottom.
//! The numbers are drawn from a fixed seed, so that each run sees the same scripts.

/// A small generator of numbers; the same seed gives the same scripts on every machine.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next()).unwrap() % count
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// What every script starts with.
const PRELUDE: &str = "v=abc w='x y' n=v c=rm e=\narr=(one 'two 2' three); declare -A m=([k]=val [j]=jay)\nset -- p1 'p 2' p3\n";

/// Words; none of them names a place outside the folder of the script.
const WORDS: &[&str] = &[
    "plain",
    "'single q'",
    "\"double $v\"",
    "$'a\\tb'",
    "$'\\x61\\142'",
    "$v",
    "\"$v\"",
    "$w",
    "\"$w\"",
    "${v}s",
    "pre\"$v\"post",
    "\"${v:-d}\"",
    "${u:-dflt}",
    "${u-$v}",
    "${v:+set}",
    "${v%c}",
    "${v##a}",
    "${v/b/X}",
    "${v//[a-b]/-}",
    "${v:1:2}",
    "${v: -1}",
    "${v^^}",
    "${v^}",
    "${#v}",
    "${!n}",
    "${#arr[@]}",
    "${arr[1]}",
    "\"${arr[1]}\"",
    "\"${arr[@]}\"",
    "${arr[*]}",
    "\"${arr[*]}\"",
    "\"${arr[@]:1:2}\"",
    "\"${arr[@]/o/0}\"",
    "\"${arr[$((1+1))]}\"",
    "\"${m[k]}\"",
    "\"${m[j]}x\"",
    "$1",
    "\"$2\"",
    "\"$@\"",
    "$#",
    "\"${@:2}\"",
    "\"${2%2}\"",
    "{a,b}",
    "{1..3}",
    "x{p,q}y",
    "{a,b{c,d}}",
    "$(echo sub)",
    "\"$(echo sub two)\"",
    "`echo tick`",
    "$(printf '%s-%s' f g)",
    "$(echo $(echo deep))",
    "\"$(echo \"$v\")\"",
    "$((1+2))",
    "$((${#v}*2))",
    "x\\ y",
    "a\\\nb",
    "\"\"",
    "$e\"\"z",
    "$\"loc\"",
    "${v@Q}",
    "two.*",
    "sub/*",
    "-- -x",
    "\"$(cat two.txt)\"",
    "$(<two.txt)",
    "$(basename sub/one.txt .txt)",
    "$(dirname sub/one.txt)",
    "$(echo a b | tr a c)",
    "$(rev <<< cba)",
    "$(for i in 1 2; do echo $i; done)",
    "$(seq 2)",
    "${c}x",
];

/// Statements that change what words mean later.
const FLOWS: &[&str] = &[
    "v=W",
    "v+=W",
    "read -r v <<< W",
    "read -r v w <<< 'one two three'",
    "IFS=: read -r v w <<< 'k:l:o'",
    "IFS=, read -ra arr <<< 'k,l,o'",
    "printf -v v '%s-%s' W k",
    "printf -v v '%03d' 7",
    "mapfile -t arr <<< $'ma\\nmb'",
    "mapfile -t arr < list",
    "arr+=(W)",
    "arr=(W W)",
    "arr[1]=W",
    "m[k]=W",
    "unset u v; v=again",
    "declare -n r=v; r=W",
    "declare v=W",
    "export v=W",
    "set -- W W",
    "set -- \"$@\" W",
    "shift",
    "for v in W W; do :; done",
    "v=${v//a/b}",
    "v=${v:-W}",
    ": ${u:=W}",
    "v=$(echo W)",
    "((q = 3)); v=f$q",
    "let 'q = 2 + 2'; v=$q",
    "v=$v$v",
    "n=w",
    "while getopts 'ab:' o -a -b val; do v=$o$OPTARG; done",
    "[[ abc =~ (b)(c) ]] && v=${BASH_REMATCH[1]}",
    "[[ -n $v ]] && v=W",
    "[ -z \"$u\" ] && v=W || v=other",
    "case $v in abc) v=W ;; *) v=other ;; esac",
    "if [ \"$v\" = abc ]; then v=W; else v=k; fi",
    "while read -r l; do v=$l; done < list",
    "until [ -n \"$v\" ]; do v=W; done",
    "for ((i=0; i<2; i++)); do v=$v$i; done",
    "cd sub",
    "pushd sub > /dev/null",
    "local v=W 2> /dev/null || v=W",
    "echo W > out1; v=$(cat out1)",
    "shopt -s nullglob",
    "trap 'v=z' USR1",
    "v=$( (echo W) )",
    "{ v=W; }",
    "h() { v=$1; }; h W",
    "h() { echo \"h-$1\"; }; v=$(h W)",
];

/// Programs that are recorded, started in every way.
const DEEDS: &[&str] = &[
    "rm W",
    "rm -rf W W",
    "rm W W W",
    "psql -c W",
    "git W",
    "command rm W",
    "\\rm W",
    "r''m W",
    "\"rm\" W",
    "$c W",
    "${c} W",
    "\"$c\" -f W",
    "$(echo rm) W",
    "env rm W",
    "env X=1 rm W",
    "X=1 rm W",
    "> out2 rm W",
    "rm W > out2 2>&1",
    "exec rm W",
    "nohup rm W",
    "timeout 5 rm W",
    "nice -n 1 rm W",
    "eval rm W",
    "eval \"rm $v\"",
    "eval 'rm W2'",
    "bash -c 'rm \"$1\" W2' _ W",
    "bash -c \"rm '$v'\"",
    "echo W | xargs rm",
    "xargs rm <<< W",
    "xargs -n 1 rm <<< 'xa xb'",
    "printf '%s\\n' W | xargs -I{} rm pre-{}",
    "find sub -name one.txt -exec rm {} \\;",
    "find sub -type f -exec rm {} +",
    "bash s.sh W",
    "./run.sh W",
    ". ./lib.sh; f_lib W",
    "source ./s.sh W",
    "d() { rm \"$@\"; }; d W",
    "d() { local a=$1; shift; rm \"$a\" \"$#\"; }; d W W",
    "z=(rm -f); \"${z[@]}\" W",
    "while read -r l; do rm \"$l\"; done < list",
    "while IFS= read -r l; do rm \"$l-x\"; done <<< W",
    "for i in W W; do rm \"$i\"; done",
    "for i; do rm \"$i\"; done",
    "for f in sub/*; do rm \"$f\"; done",
    "cat list | while read -r l; do rm $l; done",
    "rm $(cat list)",
    "echo 'rm W2' | bash",
    "bash <<< \"rm $v\"",
    "bash <<'EOS'\nrm W2\nEOS\n",
    "bash -s W <<'EOS'\nrm \"$1\"\nEOS\n",
    "echo 'rm W2' > out3; bash out3",
    "echo 'rm \"$1\"' > out3; . ./out3 W",
    "source <(echo rm W2)",
    "bash <(echo 'rm W2')",
    "shopt -s expand_aliases\nalias zap='rm -f'\nzap W\n",
    "trap 'rm W2' EXIT",
    "trap \"rm $v\" EXIT",
    "case $v in *b*) rm W ;; *) rm other ;; esac",
    "[[ $v == a* ]] && rm W",
    "[ -f two.txt ] && rm W || rm no",
    "true && rm W",
    "false || rm W",
    "test -d nowhere || rm W",
    "rm W & wait",
    "if rm W; then rm then; fi",
    "echo cm0geHgK | base64 -d | bash",
    "tr a-z b-za <<< 'ql w' | bash",
    "coproc { rm W; }; wait",
];

/// What stands around a statement; `S` is the statement, `Q` the same as one quoted word.
const CONTEXTS: &[&str] = &[
    "if true; then S; fi",
    "if false; then :; else S; fi",
    "if false; then :; elif true; then S; fi",
    "if ! false; then S; fi",
    "for i in 1 2; do S; done",
    "for v in k l; do S; done",
    "while true; do S; break; done",
    "until false; do S; break; done",
    "for ((i=0; i<2; i++)); do S; done",
    "while read -r l; do S; done <<< line",
    "case x in x) S ;; esac",
    "case x in y) : ;; x | z) S ;; esac",
    "case x in x) : ;& y) S ;; esac",
    "{ S; }",
    "( S )",
    "f1() { S; }; f1 W",
    "function f2 { S; }; f2 W W",
    "f3() ( S ); f3",
    "f4() { f5 \"$@\"; }; f5() { S; }; f4 W",
    "{ S; } | cat",
    ": | { S; }",
    "echo in | { S; }",
    "{ S; } && :",
    ": && { S; }",
    "false || { S; }",
    "! { S; }",
    "{ S; } & wait",
    "time { S; }",
    "x1=$(S)",
    "x1=$(S\n); : \"$x1\"",
    ": $(S)",
    ": \"a $(S) b\"",
    ": ${u:-$(S)}",
    ": $(( $(S > /dev/null; echo 1) + 1 ))",
    "x2[$(S > /dev/null; echo 0)]=1",
    ": \"${arr[$(S > /dev/null; echo 0)]}\"",
    "cat <<< \"$(S)\"",
    "cat <<EOT\n$(S)\nEOT\n",
    ": > \"$(S > /dev/null; echo out4)\"",
    "cat <(S)",
    "cat < <(S)",
    "echo x > >(cat; S)",
    "[[ $(S) == x ]]",
    "[[ -n $(S) ]] || :",
    "(( $(S > /dev/null; echo 1) ))",
    "declare x3=$(S)",
    "export x3=\"$(S)\"",
    "read -r x4 < <(S)",
    "for i in $(S > /dev/null; echo a); do :; done",
    "case $(S) in *) : ;; esac",
    "eval Q",
    "bash -c Q",
    "env bash -c Q",
    "echo Q | bash",
    "printf '%s\\n' Q | bash",
    "bash <<< Q",
    "x5=Q; eval \"$x5\"",
    "x5=Q; bash -c \"$x5\"",
    "echo Q > out5; bash out5",
    "echo Q > out5; . ./out5",
    "source <(echo Q)",
    "trap Q EXIT",
    "f6() { eval \"$1\"; }; f6 Q",
    "( trap Q EXIT; : )",
    "timeout 5 bash -c Q",
    "printf '%s\\0' Q | xargs -0 -n 1 bash -c",
    "set -e; S",
    "cd sub; S; cd ..",
    "( cd sub && S )",
    "IFS=,; S; unset IFS",
    "v=ctx; S",
    "S; v=after",
    "exec 3< list; S",
    "{ S; } 2> /dev/null",
    "{ S; } < list",
];

/// Statements that name the programs without starting them.
const DECOYS: &[&str] = &[
    "echo rm W",
    ": rm W",
    "x6='rm W2'",
    "printf '%s\\n' \"rm $v\"",
    "grep rm two.txt",
    "true # rm x\n",
    "cat <<'EOD'\nrm x\nEOD\n",
    "cat <<EOD\nrm $v\nEOD\n",
    "case rm in rm) : ;; esac",
    "[[ rm == rm ]]",
    "[ rm = \"$v\" ]",
    "z2=(rm -rf x)",
    "echo \"$(echo rm x)\"",
    ": \"${u:-rm x}\"",
    "never() { rm x; }",
    "trap 'echo rm' EXIT",
    "read -r l <<< 'rm x'",
    "echo 'rm x' > out6",
    "echo 'rm x' | cat",
    "echo 'rm x' | tr a-z A-Z",
    "declare z3='rm x'",
    "for i in rm -rf x; do echo $i; done",
    "echo `echo rm`",
    "command -v rm",
    "type rm",
    "test rm",
    "set -- rm x",
    "hash -r",
    "ls list | sort",
    "find sub -name rm",
    "xargs echo rm <<< x",
    "env echo rm x",
    "bash -c 'echo rm \"$1\"' _ x",
    "eval 'echo rm'",
    "alias zz='rm x'",
    "printf -v x7 'rm %s' x",
    "sed -n 's/rm/x/p' two.txt",
    "while read -r l; do echo \"rm $l\"; done < list",
];

/// Returns scripts that start recorded programs.
pub fn scripts(seed: u64, count: usize) -> Vec<String> {
    let mut draw = Draw::new(seed);
    (0..count)
        .map(|index| script(&mut draw, DEEDS, index))
        .collect()
}

/// Returns scripts that only name them.
pub fn decoys(seed: u64, count: usize) -> Vec<String> {
    let mut draw = Draw::new(seed);
    (0..count)
        .map(|index| script(&mut draw, DECOYS, index))
        .collect()
}

fn script(draw: &mut Draw, deeds: &[&str], index: usize) -> String {
    let mut text = String::from(PRELUDE);
    // Every context and every deed is seen, whatever is drawn.
    let flows = draw.below(3);
    for _ in 0..flows {
        let flow = draw.pick(FLOWS);
        text.push_str(&filled(flow, draw));
        text.push('\n');
    }
    let deed = deeds[index % deeds.len()];
    let mut inner = filled(deed, draw);
    let depth = draw.below(3) + 1;
    for level in 0..depth {
        let context = if level == 0 {
            CONTEXTS[(index / deeds.len() + index) % CONTEXTS.len()]
        } else {
            draw.pick(CONTEXTS)
        };
        if level > 0 && draw.below(2) == 0 {
            let flow = draw.pick(FLOWS);
            inner = joined(&filled(flow, draw), &inner);
        }
        inner = around(context, &inner, draw);
    }
    text.push_str(&inner);
    text.push('\n');
    text
}

fn joined(first: &str, second: &str) -> String {
    if first.ends_with('\n') || first.contains('#') {
        format!("{first}\n{second}")
    } else {
        format!("{first}; {second}")
    }
}

/// Puts words into a statement: `W` any word, `W2` one without quotes of its own.
fn filled(statement: &str, draw: &mut Draw) -> String {
    let mut text = String::new();
    let mut rest = statement;
    while let Some(at) = rest.find('W') {
        let (head, tail) = rest.split_at(at);
        text.push_str(head);
        if let Some(tail) = tail.strip_prefix("W2") {
            text.push_str(draw.pick(&["kx", "k-1", "k/x", "$v", "k$v"]));
            rest = tail;
        } else {
            text.push_str(draw.pick(WORDS));
            rest = tail.strip_prefix('W').unwrap();
        }
    }
    text.push_str(rest);
    text
}

fn around(context: &str, statement: &str, draw: &mut Draw) -> String {
    let quoted = format!("'{}'", statement.replace('\'', "'\\''"));
    let multi = statement.contains('\n') || statement.contains('#');
    let context = if statement.ends_with('\n') {
        // What ends a line of its own takes no `;` behind it.
        context.replace("S;", "S\n")
    } else if multi {
        context.replace("S)", "S\n)")
    } else {
        context.to_owned()
    };
    let context =
        if statement.ends_with('&') || statement.ends_with("& wait") && context.contains("S &") {
            context.replace("S;", "S")
        } else {
            context
        };
    let mut text = String::new();
    for part in split(&context) {
        match part {
            "S" => text.push_str(statement),
            "Q" => text.push_str(&quoted),
            "W" => text.push_str(draw.pick(WORDS)),
            other => text.push_str(other),
        }
    }
    text
}

/// Splits a context at its marks; a mark stands alone between other signs.
fn split(context: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut from = 0;
    let bytes = context.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let letter = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$')
        };
        let alone =
            !letter(at.checked_sub(1).and_then(|at| bytes.get(at))) && !letter(bytes.get(at + 1));
        if matches!(byte, b'S' | b'Q' | b'W') && alone {
            all.push(&context[from..at]);
            all.push(&context[at..=at]);
            from = at + 1;
        }
    }
    all.push(&context[from..]);
    all
}
