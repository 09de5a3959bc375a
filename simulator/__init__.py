"""People who are not there: callers and agents over the production core in virtual time (`engine`), and a PBX on
loopback that speaks real AMI, FastAGI and serial bytes (`pbx`)."""
