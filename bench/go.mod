module github.com/seed-d6cf0a46/apitoken/bench

go 1.25

require github.com/seed-d6cf0a46/apitoken v0.0.0

require github.com/google/uuid v1.6.0 // indirect

replace github.com/seed-d6cf0a46/apitoken => ../
