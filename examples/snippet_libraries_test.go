package examples_test

// The libraries that only the code of pages uses: see TestSnippetsOfPages.
import (
	_ "entgo.io/ent/dialect/sql"
	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/pressly/goose/v3"
	_ "gorm.io/driver/postgres"
	_ "gorm.io/gorm"
)
