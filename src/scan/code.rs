//! Migrations in scripting languages: Alembic, Django, Rails, Laravel, Phinx, Doctrine, Knex, Sequelize, TypeORM and their like.
//! Their drop calls become the SQL that the framework would send; SQL in strings and the rest is read by `classify::code`.

mod calls;
mod halves;

use crate::classify::code::tokens::{Language, Token, placed};
use crate::model::scanned::Part;

use super::kinds::Tongue;
use super::place::{Map, masked, others};
use super::unit::Unit;

/// A range of bytes.
pub(super) type Range = (usize, usize);

/// A token and the offset of its first byte.
pub(super) type Placed = (Token, usize);

/// SQL that a call stands for, and the stretch that it stands in.
pub(super) struct Sent {
    pub sql: String,
    pub range: Range,
}

/// Cuts a migration into its halves.
pub fn units(tongue: Tongue, path: &str, text: &str) -> Vec<Unit> {
    let documents = here_documents(tongue, text);
    let bodies: Vec<Range> = documents.iter().map(|document| document.body).collect();
    let code = masked(text, &others(text.len(), &bodies));
    let tokens = placed(&code, language(tongue));
    let halves = halves::halves(tongue, &code, &tokens);
    let up = (!halves.down.is_empty()).then_some(Part::Up);
    let mut all = Vec::new();
    let neither: Vec<Range> = halves.neither.iter().chain(&halves.down).copied().collect();
    for (part, keep) in [
        (up, others(text.len(), &merged(neither))),
        (Some(Part::Down), halves.down),
    ] {
        let within = |at: usize| keep.iter().any(|(from, to)| (*from..*to).contains(&at));
        let half = masked(&code, &keep);
        if half.trim().is_empty() {
            continue;
        }
        all.push(Unit::fed(program(tongue), path, half, part));
        let kept: Vec<Placed> = tokens
            .iter()
            .filter(|(_, at)| within(*at))
            .cloned()
            .collect();
        for sent in calls::sent(tongue, &kept) {
            all.push(Unit::sql(
                sent.sql,
                Map::of(sent.range.0, sent.range.1),
                part,
            ));
        }
        if part == Some(Part::Down) {
            for sent in &halves.reverse {
                all.push(Unit::sql(
                    sent.sql.clone(),
                    Map::of(sent.range.0, sent.range.1),
                    part,
                ));
            }
        }
        for document in documents
            .iter()
            .filter(|document| document.sends && within(document.body.0))
        {
            let body = text
                .get(document.body.0..document.body.1)
                .unwrap_or_default();
            all.push(Unit::sql(filled(body), Map::at(document.body.0), part));
        }
    }
    all
}

/// Returns ranges in order, those that touch made one.
pub(super) fn merged(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut all: Vec<Range> = Vec::new();
    for (start, end) in ranges {
        match all.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => all.push((start, end)),
        }
    }
    all
}

const fn language(tongue: Tongue) -> Language {
    match tongue {
        Tongue::Python => Language::Python,
        Tongue::Ruby => Language::Ruby,
        Tongue::Php => Language::Php,
        Tongue::Javascript => Language::Javascript,
    }
}

const fn program(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::Python => "python3 {}",
        Tongue::Ruby => "ruby {}",
        Tongue::Php => "php {}",
        Tongue::Javascript => "node {}",
    }
}

/// A here-document, and whether it is SQL that is sent.
struct Document {
    body: Range,
    sends: bool,
}

/// Finds the here-documents of Ruby and PHP, which the reader of tokens does not know.
fn here_documents(tongue: Tongue, text: &str) -> Vec<Document> {
    let open = match tongue {
        Tongue::Ruby => "<<",
        Tongue::Php => "<<<",
        Tongue::Python | Tongue::Javascript => return Vec::new(),
    };
    let mut all = Vec::new();
    let mut at = 0;
    let mut closes: Option<(String, usize, bool)> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some((word, body, sends)) = &closes {
            let trimmed = line.trim();
            let ends = trimmed == word
                || tongue == Tongue::Php
                    && trimmed
                        .strip_prefix(word.as_str())
                        .is_some_and(|rest| rest.starts_with([';', ')', ',']));
            if ends {
                all.push(Document {
                    body: (*body, start),
                    sends: *sends,
                });
                closes = None;
            }
            continue;
        }
        let Some((head, tail)) = line.split_once(open) else {
            continue;
        };
        let word = tail.trim_start_matches(['~', '-', '"', '\'', ' ']);
        let end = word
            .find(|char: char| !(char.is_alphanumeric() || char == '_'))
            .unwrap_or(word.len());
        let word = word.get(..end).unwrap_or_default();
        if word.starts_with(|char: char| char.is_ascii_uppercase() || char == '_') {
            closes = Some((word.to_owned(), at, sends(head)));
        }
    }
    all
}

fn sends(head: &str) -> bool {
    [
        "execute",
        "exec",
        "statement",
        "unprepared",
        "addSql",
        "query",
        "run",
    ]
    .iter()
    .any(|word| head.contains(word))
}

/// Writes what Ruby and PHP fill in as a name of the same length.
fn filled(text: &str) -> String {
    let text = super::build::without_expressions(text, "#{", "}");
    let text = super::build::without_expressions(&text, "{$", "}");
    text.replace("${E", "EEE").replace("_}", "__")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Asked;

    /// The SQL that calls and here-documents of each half send.
    fn sql(tongue: Tongue, text: &str) -> Vec<(Option<Part>, String)> {
        units(tongue, "m", text)
            .into_iter()
            .filter_map(|unit| match unit.asked {
                Asked::Sql { text, .. } => Some((unit.part, text.trim().to_owned())),
                _ => None,
            })
            .collect()
    }

    fn up(text: &str) -> (Option<Part>, String) {
        (Some(Part::Up), text.to_owned())
    }

    fn down(text: &str) -> (Option<Part>, String) {
        (Some(Part::Down), text.to_owned())
    }

    #[test]
    fn alembic_and_django_calls_become_sql() {
        let text = "from alembic import op\ndef upgrade():\n    op.drop_table('a')\n    op.drop_column('t', 'c')\n    with op.batch_alter_table('u') as batch_op:\n        batch_op.drop_column('d')\n\n\
                    def downgrade():\n    op.drop_table('b')\n    x = '''\nodd'''\n    op.drop_table('b2')\n\ndef helper():\n    op.drop_table('e')\n";
        assert_eq!(
            sql(Tongue::Python, text),
            [
                up("DROP TABLE a"),
                up("ALTER TABLE t DROP COLUMN c"),
                up("ALTER TABLE u DROP COLUMN d"),
                up("DROP TABLE e"),
                down("DROP TABLE b"),
                down("DROP TABLE b2"),
            ]
        );
        let text = "class Migration(migrations.Migration):\n    operations = [\n        migrations.DeleteModel(name='Post'),\n        migrations.RemoveField('post', 'title'),\n\
                    migrations.RunSQL(['DROP TABLE x'], reverse_sql='DROP TABLE y'),\n        migrations.RunPython(go, back),\n\
                    migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel('Kept')]),\n    ]\n";
        assert_eq!(
            sql(Tongue::Python, text),
            [
                up("DROP TABLE Post"),
                up("ALTER TABLE post DROP COLUMN title"),
                up("DROP TABLE x"),
                down("DROP TABLE y")
            ]
        );
    }

    #[test]
    fn rails_calls_become_sql() {
        let text = "class A < ActiveRecord::Migration[7.1]\n  def up\n    drop_table :users, force: :cascade\n    remove_column :t, :c, :string\n    execute <<~SQL\n      DROP TABLE it's;\n    SQL\n\
                    change_table :v do |t|\n      t.remove :a, :b\n    end\n  end\n\n  def down\n    drop_table :z\n  end\n\n  def other\n    reversible do |dir|\n      dir.up { drop_table :q }\n      dir.down { drop_table :r }\n    end\n  end\nend\n";
        assert_eq!(
            sql(Tongue::Ruby, text),
            [
                up("DROP TABLE users"),
                up("ALTER TABLE t DROP COLUMN c"),
                up("ALTER TABLE v DROP COLUMN a, DROP COLUMN b"),
                up("DROP TABLE q"),
                up("DROP TABLE it's;"),
                down("DROP TABLE z"),
                down("DROP TABLE r"),
            ]
        );
    }

    #[test]
    fn laravel_and_doctrine_calls_become_sql() {
        let text = "<?php return new class extends Migration {\n  public function up(): void {\n    Schema::dropIfExists('a');\n    Schema::table('t', function (Blueprint $table) {\n      $table->dropColumn(['c', 'd']);\n    });\n\
                    DB::table('u')->truncate();\n    $this->addSql('DROP TABLE s');\n  }\n  public function down(): void {\n    Schema::drop('b');\n  }\n};\n";
        assert_eq!(
            sql(Tongue::Php, text),
            [
                up("DROP TABLE a"),
                up("ALTER TABLE t DROP COLUMN c, DROP COLUMN d"),
                up("TRUNCATE TABLE u"),
                up("DROP TABLE s"),
                down("DROP TABLE b"),
            ]
        );
    }

    #[test]
    fn javascript_calls_become_sql() {
        let knex = "exports.up = function (knex) {\n  return knex.schema.dropTableIfExists('a').alterTable('t', (x) => { x.dropColumn('c'); });\n};\nexports.down = (knex) => knex.schema.dropTable('b');\n\
                    exports.config = { transaction: false };\n";
        assert_eq!(
            sql(Tongue::Javascript, knex),
            [
                up("DROP TABLE a"),
                up("ALTER TABLE t DROP COLUMN c"),
                down("DROP TABLE b")
            ]
        );
        let sequelize = "module.exports = {\n  async up(queryInterface, Sequelize) { await queryInterface.removeColumn('t', 'c'); },\n  down: async ({ context: q }) => { await q.dropTable('b'); },\n  x() { q.dropTable('y') }\n};\n";
        assert_eq!(
            sql(Tongue::Javascript, sequelize),
            [
                up("ALTER TABLE t DROP COLUMN c"),
                up("DROP TABLE y"),
                down("DROP TABLE b")
            ]
        );
        let typeorm = "export class A implements MigrationInterface {\n  public async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.dropTable('a', true); }\n\
                       public async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.dropTable(\"b\"); }\n}\n";
        assert_eq!(
            sql(Tongue::Javascript, typeorm),
            [up("DROP TABLE a"), down("DROP TABLE b")]
        );
    }
}
