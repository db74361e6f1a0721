import type { DataSource } from 'typeorm';

/** What TypeORM would change to make the tables as the entities say: `[]` when migrations and EntitySchemas agree. For tests. */
export async function schemaDrift(db: { dataSource: DataSource }): Promise<string[]> {
  const { upQueries } = await db.dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}
