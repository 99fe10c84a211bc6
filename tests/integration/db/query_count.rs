//! Counting the queries of a future.

use nuages::db::count_queries;

use super::sqlite;

#[tokio::test]
async fn the_queries_of_a_future_are_counted_and_timed() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = sqlite(folder.path(), "");
    let work = async {
        db.write(|db| db.execute("CREATE TABLE a (b INTEGER)", [])).await?;
        db.read(|db| db.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0))).await?;
        // A query that fails is one, too.
        let failed = db.read_long(|db| db.execute("SELECT nothing FROM nowhere", [])).await;
        assert!(failed.is_err());
        // Another task is not part of the future.
        let other = db.clone();
        let spawned = tokio::spawn(async move { other.read(|db| db.execute_batch("SELECT 1")).await });
        spawned.await.expect("no panic")
    };
    let (result, count) = count_queries(work).await;
    result.expect("sound queries");
    assert_eq!(count.queries, 3);
    assert!(!count.time.is_zero());
    let (_, count) = count_queries(async {}).await;
    assert_eq!(count.queries, 0);
}
