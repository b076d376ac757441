//! Parts of a script that run only where something calls them or a condition holds, found by indents and braces.
//! It blanks them out and leaves every byte that stays in its place; it reads no expression and no file.

use super::modules;
use super::tokens::Language;

/// Functions of a text that are told apart; further ones count as called.
const MAX_BLOCKS: usize = 400;

/// The body of a function, or of a condition that does not hold in a module that is loaded.
#[derive(Debug)]
pub(super) struct Block {
    pub name: String,
    pub from: usize,
    pub to: usize,
}

/// A place at which a block is called, or handed to somebody who may call it.
struct Use {
    /// The block in which it stands; nothing runs there before that one does.
    around: Option<usize>,
    block: usize,
}

/// Blanks out the blocks that nobody calls; every byte that stays keeps its place.
pub(super) fn loaded(text: &str, blocks: &[Block], wanted: &[String]) -> String {
    let uses = uses(text, blocks);
    let used_in = |around: Option<usize>| {
        let here = uses.iter().filter(move |one| one.around == around);
        here.map(|one| one.block)
    };
    let from_outside = blocks.iter().enumerate();
    let from_outside =
        from_outside.filter(|(_, block)| !block.name.is_empty() && wanted.contains(&block.name));
    let mut open: Vec<usize> = from_outside.map(|(at, _)| at).collect();
    open.extend(used_in(None));
    let mut called = vec![false; blocks.len()];
    while let Some(at) = open.pop() {
        let Some(known) = called.get_mut(at).filter(|known| !**known) else {
            continue;
        };
        *known = true;
        open.extend(used_in(Some(at)));
    }
    blanked(text, blocks, &called)
}

/// Returns every place at which one of the blocks is called or handed on.
fn uses(text: &str, blocks: &[Block]) -> Vec<Use> {
    let mut all = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        if block.name.is_empty() {
            continue;
        }
        for (at, name) in text.match_indices(block.name.as_str()) {
            let after = text.get(at + name.len()..).unwrap_or_default();
            if !after.starts_with('(') && !is_handed_on(text, at, name) {
                continue;
            }
            let around = blocks.iter().position(|one| one.from <= at && at < one.to);
            all.push(Use {
                around,
                block: number,
            });
        }
    }
    all
}

/// Tells whether a function is given to something that may call it: `set_defaults(func=purge)`, `.action(purge)`, `{"purge": purge}`.
fn is_handed_on(text: &str, at: usize, name: &str) -> bool {
    const GIVES_AWAY: [&str; 8] = [
        "export", "module.", "exports.", "import ", "from ", "__all__", "def ", "class ",
    ];
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.' | '$');
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + name.len()..).unwrap_or_default();
    if before.ends_with(is_word) || after.starts_with(is_word) {
        return false;
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let given = line.trim_start();
    if GIVES_AWAY.iter().any(|word| given.starts_with(word)) {
        return false;
    }
    let ends = after.trim_start_matches([' ', '\t']);
    let ends = ends.is_empty() || ends.starts_with([')', ',', ']', '}', ';', '\n', '\r']);
    let begins = match line.trim_end().chars().next_back() {
        Some('(' | '=' | ':') => true,
        Some(',' | '[') => line.contains(['(', '=', '[', ':']),
        _ => false,
    };
    begins && ends
}

pub(super) fn blanked(text: &str, blocks: &[Block], called: &[bool]) -> String {
    let mut all = String::with_capacity(text.len());
    let mut at = 0;
    for (block, called) in blocks.iter().zip(called) {
        if *called || block.from < at {
            continue;
        }
        all.push_str(text.get(at..block.from).unwrap_or_default());
        let gone = text.get(block.from..block.to).unwrap_or_default();
        all.extend(
            gone.bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
        );
        at = block.to;
    }
    all.push_str(text.get(at..).unwrap_or_default());
    all
}

/// Finds the functions of Python, and what runs only as a program of its own.
pub(super) fn python_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // The indent of the block that is open, and whether its header and a long string in it are.
    let mut open: Option<usize> = None;
    let (mut header, mut quoted) = (false, false);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        let ends = !header && !quoted && !bare.is_empty() && !bare.starts_with('#');
        if open.is_some_and(|start| ends && indent <= start) {
            open = None;
        }
        if open.is_none() {
            let Some(name) = python_header(bare).filter(|_| blocks.len() < MAX_BLOCKS) else {
                continue;
            };
            open = Some(indent);
            header = true;
            blocks.push(Block {
                name,
                from,
                to: from,
            });
        }
        if header {
            let code = bare.split(" #").next().unwrap_or(bare).trim_end();
            header = !(code.ends_with(':') || bare.contains("): ") || bare.contains("]: "));
        }
        let marks = line.matches("\"\"\"").count() + line.matches("'''").count();
        quoted ^= marks % 2 == 1;
        if let Some(block) = blocks.last_mut() {
            block.to = at;
        }
    }
    blocks
}

fn python_header(line: &str) -> Option<String> {
    if line.starts_with("if __name__") {
        return Some(String::new());
    }
    let plain = line.strip_prefix("async ").unwrap_or(line).trim_start();
    let rest = plain.strip_prefix("def ")?;
    rest.split(['(', ' ']).next().map(str::to_owned)
}

/// Finds the functions and classes of languages with braces; one that is called where it stands is none.
pub(super) fn brace_blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Where the statement began, and the depth at which the open block ends.
    let (mut start, mut depth) = (0, 0_usize);
    let mut open: Option<usize> = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => {
                let head = text.get(start..at).unwrap_or_default().trim();
                if open.is_none()
                    && blocks.len() < MAX_BLOCKS
                    && let Some(name) = brace_header(head)
                {
                    open = Some(depth);
                    blocks.push(Block {
                        name,
                        from: start,
                        to: text.len(),
                    });
                }
                depth += 1;
                start = at + 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                start = at + 1;
                if open == Some(depth) {
                    open = None;
                    if let Some(block) = blocks.last_mut() {
                        block.to = at + 1;
                    }
                }
            }
            b'>' if open.is_none() && blocks.len() < MAX_BLOCKS => {
                let head = text.get(start..=at).unwrap_or_default().trim();
                if let Some(block) = short_arrow(text, start, at, head) {
                    start = block.to + 1;
                    blocks.push(block);
                }
            }
            b';' | b'\n' => start = at + 1,
            _ => {}
        }
    }
    blocks
}

/// `exports.wipe = () => rm('a')`: a function without braces, to the end of its expression.
fn short_arrow(text: &str, start: usize, at: usize, head: &str) -> Option<Block> {
    let rest = text.get(at + 1..)?;
    let whole = head.matches('(').count() == head.matches(')').count();
    let arrow = head.ends_with("=>") && whole && !rest.trim_start().starts_with('{');
    let name = brace_header(head).filter(|_| arrow)?;
    let mut depth = 0_usize;
    let end = rest.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return true,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(byte, b';' | b',' | b'\n')
    });
    Some(Block {
        name,
        from: start,
        to: end.map_or(text.len(), |end| at + 1 + end),
    })
}

/// Returns what a function is assigned to: `exports.wipe` of `exports.wipe=() =>`.
fn assigned_to(head: &str) -> Option<&str> {
    let before = head.split('(').next().unwrap_or_default();
    let at = before.find('=')?;
    let equal = before.get(at..)?.starts_with("=>") || before.get(at..)?.starts_with("==");
    before.get(..at).filter(|_| !equal).map(str::trim_end)
}

fn brace_header(head: &str) -> Option<String> {
    /// What stands before a condition in brackets and runs at once.
    const CONTROL: [&str; 7] = ["if", "for", "while", "switch", "catch", "with", "else"];
    let called = head.starts_with(['(', '!', '+']) || head.contains("await (");
    let given = assigned_to(head);
    let assigned = given.is_some();
    let word = |text: &str| -> String {
        let named = |char: &char| char.is_alphanumeric() || matches!(char, '_' | '$');
        text.chars().take_while(named).collect()
    };
    // What is handed to another function may run at once: `['a'].forEach(d => { … })`; a property (`wipe: () => {`) waits.
    let property = head
        .split_once(':')
        .is_some_and(|(name, _)| word(name) == name);
    let inside = head
        .find('(')
        .zip(head.find("function"))
        .is_some_and(|(bracket, function)| bracket < function);
    let handed = !assigned && !property && (head.ends_with("=>") || inside);
    let first = word(head.trim_start_matches(['}', ' ']));
    let method = head.ends_with(')') && !CONTROL.contains(&first.as_str());
    let is = head.contains("function")
        || head.ends_with("=>")
        || head.starts_with("class ")
        || method && !assigned;
    if !is || called || handed {
        return None;
    }
    let after = |word: &str| head.split_once(word).map(|(_, rest)| rest.trim_start());
    let before = head.split('(').next().unwrap_or_default();
    let given = given.and_then(|name| name.rsplit(['.', ' ']).next());
    let key = || head.split_once(':').map(|(name, _)| name.trim());
    let name = after("function ")
        .or_else(|| after("const "))
        .or_else(|| after("let "))
        .or_else(|| after("var "))
        .or(given)
        .or_else(|| key().filter(|_| property))
        .or_else(|| before.rsplit([' ', '.']).next().filter(|_| method));
    let name = word(name.unwrap_or_default());
    let whole = head.contains("module.exports") || head.contains("export default");
    Some(match name.as_str() {
        "" | "exports" | "async" if whole => modules::DEFAULT.to_owned(),
        _ => name,
    })
}

/// Blanks what runs only where something calls it.
pub(super) fn running(text: &str, language: Language, outside: &[String], is_main: bool) -> String {
    let mut blocks = blocks(text, language);
    if is_main && language == Language::Python {
        blocks.retain(|block| !block.name.is_empty());
    }
    loaded(text, &blocks, outside)
}

/// Blanks what runs only under a condition.
pub(super) fn certain(text: &str, language: Language) -> String {
    let conditions = match language {
        Language::Python => python_conditions(text),
        _ => brace_conditions(text),
    };
    let none = vec![false; conditions.len()];
    blanked(text, &conditions, &none)
}

fn blocks(text: &str, language: Language) -> Vec<Block> {
    match language {
        Language::Python => python_blocks(text),
        _ => brace_blocks(text),
    }
}

/// What stands deeper than a line that asks something.
pub(super) fn python_conditions(text: &str) -> Vec<Block> {
    const ASKS: [&str; 6] = ["if ", "elif ", "else:", "while ", "except", "case "];
    let mut all: Vec<Block> = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let from = at;
        at += line.len();
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        if bare.is_empty() {
            continue;
        }
        if open.is_some_and(|start| indent > start) {
            if let Some(block) = all.last_mut() {
                block.to = at;
            }
            continue;
        }
        let asks = ASKS.iter().any(|word| bare.starts_with(word));
        open = (asks && !bare.contains("__name__")).then_some(indent);
        if open.is_some() {
            let name = String::new();
            all.push(Block { name, from, to: at });
        }
    }
    all
}

/// The bodies of conditions in languages with braces.
pub(super) fn brace_conditions(text: &str) -> Vec<Block> {
    const ASKS: [&str; 5] = ["if", "else", "while", "switch", "catch"];
    /// "If this file is the one that was started".
    const MAIN: [&str; 2] = ["require.main", "import.meta"];
    let mut all: Vec<Block> = Vec::new();
    let mut depth = 0_usize;
    let mut open: Option<usize> = None;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let ends = matches!(byte, b'{' | b'}' | b';' | b'\n');
        if !ends {
            continue;
        }
        let head = text.get(start..at).unwrap_or_default();
        let bare = head.trim_start_matches([' ', '\t', '}']);
        let word: String = bare.chars().take_while(char::is_ascii_alphabetic).collect();
        let asks = ASKS.contains(&word.as_str()) && !MAIN.iter().any(|main| head.contains(main));
        if asks && open.is_none() {
            let name = String::new();
            all.push(Block {
                name,
                from: start,
                to: at,
            });
        }
        match byte {
            b'{' => {
                if asks && open.is_none() {
                    open = Some(depth);
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if open == Some(depth) {
                    open = None;
                    if let Some(block) = all.last_mut() {
                        block.to = at + 1;
                    }
                }
            }
            _ => {}
        }
        start = at + 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(text: &str) -> String {
        loaded(text, &python_blocks(text), &[])
    }

    fn braces(text: &str) -> String {
        loaded(text, &brace_blocks(text), &[])
    }

    #[test]
    fn what_runs_by_loading_a_module_of_python_stays_in_its_place() {
        let text = "import shutil\ndef wipe(\n    a,\n):\n    \"\"\"\nlong\n\"\"\"\n    shutil.rmtree('a')\n\nshutil.rmtree('b')\n";
        let left = python(text);
        assert!(!left.contains("'a'") && left.len() == text.len());
        assert_eq!(left.find("'b'"), text.find("'b'"));
        assert!(python("def main():\n    go()\ndef go():\n    rm('a')\nmain()\n").contains("'a'"));
        assert!(
            !python("def main():\n    rm('a')\nif __name__ == '__main__':\n    main()\n")
                .contains("'a'")
        );
    }

    #[test]
    fn a_function_of_javascript_stays_only_where_it_is_called() {
        assert!(!braces("function wipe() { rm('a') }\nmodule.exports = wipe").contains("'a'"));
        assert!(!braces("exports.wipe = () => { rm('a') };").contains("'a'"));
        assert!(!braces("module.exports = { async wipe(x) { rm('a') } };").contains("'a'"));
        assert!(!braces("module.exports = { wipe: () => { rm('a') } };").contains("'a'"));
        assert!(braces("['x'].forEach(function (d) { rm('a') })").contains("'a'"));
        assert!(!braces("class A {\n  wipe() { rm('a') }\n}\n").contains("'a'"));
        assert!(braces("function wipe() { rm('a') }\nwipe()").contains("'a'"));
        assert!(braces("for (const d of ['x']) { rm('a') }").contains("'a'"));
        assert!(braces("try { rm('a') } catch (e) { log(e) }").contains("'a'"));
        assert!(braces("(async () => { rm('a') })()").contains("'a'"));
        assert!(braces("if (x) { rm('a') }").contains("'a'"));
        assert!(braces("['x'].forEach(d => { rm('a') })").contains("'a'"));
    }

    #[test]
    fn functions_that_call_each_other_stay_however_many_they_are() {
        for count in [6, 20, 60] {
            let chain: String = (0..count)
                .map(|at| format!("def f{at}():\n    f{}()\n", at + 1))
                .collect();
            let text = format!("{chain}def f{count}():\n    rm('a')\nf0()\n");
            assert!(python(&text).contains("'a'"), "{count}");
        }
    }

    fn handed_on(text: &str) -> bool {
        let mut places = text.match_indices("purge");
        places.any(|(at, name)| is_handed_on(text, at, name))
    }

    #[test]
    fn a_function_that_is_handed_on_may_be_called() {
        for text in [
            "s.set_defaults(func=purge)",
            "ways = {'purge': purge, 'show': show}",
            "program.command('purge').action(purge);",
            "app.post('/purge', purge)",
            "Thread(target=purge).start()",
        ] {
            assert!(handed_on(text), "{text}");
        }
        for text in [
            "module.exports = { show, purge };",
            "module.exports = {\n  show,\n  purge,\n};",
            "export { purge };",
            "from .ways import show, purge",
            "__all__ = [purge]",
            "print('purge')",
            "x.purge = 1",
            "purges(a)",
        ] {
            assert!(!handed_on(text), "{text}");
        }
    }

    #[test]
    fn a_function_that_is_called_from_outside_stays() {
        let wanted = ["wipe".to_owned()];
        let python = "def wipe():\n    rm('a')\ndef other():\n    rm('b')\n";
        let left = loaded(python, &python_blocks(python), &wanted);
        assert!(left.contains("'a'") && !left.contains("'b'"));
        for text in [
            "exports.wipe = () => rm('a');\nexports.other = () => rm('b');\n",
            "exports.wipe=()=>rm('a');\nexports.other=()=>rm('b')\n",
            "exports.wipe = () => {\n rm('a')\n};\nexports.other = function () { rm('b') };\n",
            "module.exports = { wipe: () => rm('a'), other() { rm('b') } };\n",
            "export function wipe() { rm('a') }\nexport const other = async () => rm('b');\n",
        ] {
            let left = loaded(text, &brace_blocks(text), &wanted);
            assert!(left.contains("'a'") && !left.contains("'b'"), "{left}");
        }
        let whole = "module.exports = function () { rm('a') };\n";
        let wanted = [modules::DEFAULT.to_owned()];
        assert!(loaded(whole, &brace_blocks(whole), &wanted).contains("'a'"));
    }

    fn runs(text: &str, language: Language, is_main: bool) -> String {
        certain(&running(text, language, &[], is_main), language)
    }

    #[test]
    fn what_stands_under_a_condition_is_not_certain() {
        let python = "def main():\n    go()\nif a:\n    stop()\nelse:\n    other()\nif __name__ == '__main__':\n    main()\n";
        let left = runs(python, Language::Python, true);
        assert!(left.contains("go()") && !left.contains("stop()") && !left.contains("other()"));
        assert!(!runs(python, Language::Python, false).contains("go()"));
        let script = "if (a) {\n  stop();\n} else {\n  other();\n}\nif (b) third();\nif (require.main === module) { go(); }\n";
        let left = runs(script, Language::Javascript, true);
        assert!(left.contains("go()") && !left.contains("stop()"), "{left}");
        assert!(
            !left.contains("other()") && !left.contains("third()"),
            "{left}"
        );
    }
}
