/** Who the audit says it was: whoever has the database and the master keys. */
export const ADMIN_ACTOR = 'admin-cli';
