//! Errors in the files of migrations, and of plans that they do not allow.

use std::{fs, path::Path};

use nuages::{
    db::Databases,
    migrations::{Migrations, Mode},
    settings::Settings,
};

use super::{assert_wording, with_causes};

const TABLE: &str = "CREATE TABLE cart (id integer PRIMARY KEY);";

/// Files with their text, and the target of `migrate`.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// Writes files below `migrations`, and applies everything up to `target`. Returns the error.
async fn error(files: &[(&str, &str)], target: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (file, sql) in files {
        let path = folder.path().join("migrations").join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, sql).expect("written");
    }
    let result = migrate(folder.path(), target).await;
    let text = with_causes(result.expect_err("an error").as_ref());
    text.replace(&folder.path().display().to_string(), "/srv/site")
}

async fn migrate(folder: &Path, target: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    let text = "SECRET_KEY = \"x\"\nDEBUG = true\n\
                [DATABASES.default]\nENGINE = \"sqlite3\"\nNAME = \"db.sqlite3\"";
    let settings = Settings::from_toml(text, folder)?;
    let migrations = Migrations::discover(&settings)?;
    let databases = Databases::open(&settings)?;
    let database = databases.get("default").expect("the database");
    migrations.apply(database, &migrations.target(None, None)?, Mode::Run, &mut |_| {}).await?;
    let target = migrations.target(target.first().copied(), target.get(1).copied())?;
    migrations.apply(database, &target, Mode::Run, &mut |_| {}).await?;
    Ok(())
}

#[tokio::test]
async fn files_and_plans() {
    let cases: [Case<'_>; 11] = [
        (&[("shop/first.sql", TABLE)], &[]),
        (&[("my shop/0001_cart.sql", TABLE)], &[]),
        (&[("sessions/0001_cart.sql", TABLE)], &[]),
        (&[("shop/0001_cart.sql", TABLE), ("shop/0001_more.sql", TABLE)], &[]),
        (&[("shop/0001_cart.down.sql", "DROP TABLE cart;")], &[]),
        (&[("shop/0001_cart.postgresql.sql", TABLE)], &[]),
        (&[("shop/0001_cart.sql", "CREATE TABLE cart (id integer);\nCREATE TALBE x (id);")], &[]),
        (&[("shop/0001_cart.sql", TABLE)], &["shop", "zero"]),
        (&[("shop/0001_cart.sql", TABLE)], &["shop", "0009"]),
        (&[("shop/0001_cart.sql", TABLE), ("shop/0002_cart.sql", "SELECT 1;")], &["shop", "000"]),
        (&[], &["shop"]),
    ];
    let mut text = String::new();
    for (files, target) in cases {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).chain(target.iter().copied()).collect();
        text += &format!("{}\n  -> {}\n\n", names.join(" "), error(files, target).await);
    }
    assert_wording("migrations", &text);
}
