-- Which versions nobody has done anything about, oldest first: read without the versions themselves, whose registrations are long.
CREATE INDEX model_version_registered ON model_version(entry, id, registered_by);
